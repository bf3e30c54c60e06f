"""The readers: one module for each data set or file format, files in, clips out.

To add a data set, add a module here. Recipes refer to it by its name (`reader`); it needs no registration. It has
either two functions, so that several processes share the reading:

    def items(root: Path, **options) -> Sequence[Item]: ...
    def read_item(item: Item, **options) -> Iterable[Clip | Damaged]: ...

or, if the data set is small, one function, which a single process runs:

    def read(root: Path, **options) -> Iterable[Clip | Damaged]: ...

`root` is the folder (or file) that the recipe names, `options` are the recipe's, given as keyword arguments with
defaults. `live_stf.data.reader.Reader` says what the functions promise and `live_stf.data.clip.Clip` which units and
axes they deliver. A file that cannot be used becomes a `Damaged`, so that it is counted; a missing data set raises
DataError. `SOURCE` is the reader's own name for the data set, in messages and in the clips that it delivers. In a store
the clips have the name that the recipe gives the source.

The module's docstring says where the files come from, their layout and units, the frame rate, what a subject is, and
which of these were estimated. File formats that several data sets share are in `live_stf.data.formats`. Finally add
a row to docs/data.md (a test checks this) and tests to tests/data/readers.
"""
