//! The files under `web/` that are part of the program: a table per site, held against
//! the folders by a test.

/// Where a file is to be had, and its content.
type File = (&'static str, &'static [u8]);

/// Files at the path they have under `web/`.
macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$((
            concat!("/", $path),
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/", $path)),
        )),*]
    };
}

/// The JavaScript SDK.
pub(super) const SDK: &[File] = files![
    "sdk/arena.js",
    "sdk/bincode.js",
    "sdk/index.js",
    "sdk/mirror.js",
    "sdk/protocol.js",
    "sdk/reason.js",
];

/// The arena's pages.
pub(super) const ARENA: &[File] = &[];
