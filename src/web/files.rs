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

/// The page of a folder.
macro_rules! page {
    ($folder:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/web/",
            $folder,
            "/index.html"
        ))
    };
}

/// The JavaScript SDK.
pub(super) const SDK: &[File] = files![
    "sdk/arena.js",
    "sdk/backoff.js",
    "sdk/bincode.js",
    "sdk/client.js",
    "sdk/clock.js",
    "sdk/events.js",
    "sdk/hex.js",
    "sdk/index.js",
    "sdk/interpolate.js",
    "sdk/lag.js",
    "sdk/meter.js",
    "sdk/mirror.js",
    "sdk/options.js",
    "sdk/page.js",
    "sdk/pose.js",
    "sdk/predict.js",
    "sdk/protocol.js",
    "sdk/reason.js",
    "sdk/session.js",
];

/// The arena's page.
pub(super) const ARENA: &[File] = files![
    "arena/backdrop.js",
    "arena/dom.js",
    "arena/effects.js",
    "arena/hud.js",
    "arena/icon.svg",
    "arena/input.js",
    "arena/join.js",
    "arena/main.js",
    "arena/minimap.js",
    "arena/palette.js",
    "arena/panel.js",
    "arena/scene.js",
    "arena/sound.js",
    "arena/sprites.js",
    "arena/style.css",
    "arena/view.js",
    "arena/words.js",
];

/// The page to watch on.
pub(super) const WATCH: &[File] = files!["watch/chart.js", "watch/main.js", "watch/watch.css",];

/// The pages themselves, and where they are.
pub(super) const PAGES: &[File] = &[("/", page!("arena")), ("/watch", page!("watch"))];
