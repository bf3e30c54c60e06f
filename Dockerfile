# live-stf on a processor, without a window. Not built here: the development machine has no Docker daemon.
#
#   docker build --tag live-stf .
#   docker run --rm --volume "$PWD:/data" live-stf label clip.mp4 --output labels
#   docker run --rm --device /dev/video0 --group-add video live-stf webcam --headless --events -
#
# The container runs as a user without rights (id 1000). Give another id with --user where /data belongs to somebody else.
FROM python:3.11-slim

COPY . /source
RUN python -m pip install --no-cache-dir --constraint /source/constraints.txt /source \
    && rm -rf /source
# The system libraries that the installed packages load, and nothing for a window.
RUN python -m live_stf.system_libraries && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 live-stf \
    && mkdir /data \
    && chown live-stf /data
USER live-stf
# The pose model and the sample clip go into the image, so that containers need no network.
ENV XDG_CACHE_HOME=/home/live-stf/.cache
RUN live-stf fetch

WORKDIR /data
ENTRYPOINT ["live-stf"]
CMD ["--help"]
