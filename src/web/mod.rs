//! The pages: a web client's files, embedded in the program, and how they are sent.
//!
//! A [`Site`] is the files of one game's client; the arena's is [`Site::arena`]. A game
//! of your own brings its own files, on top of the JavaScript SDK's ([`Site::sdk`]), or
//! none. Nothing is read from the disk and nothing is written: a request picks a file by
//! its path. The server adds the routes to its actix-web `App` with [`configure`].

mod answer;
mod files;

use answer::Asset;
use std::sync::Arc;

/// The files of a web client. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Site {
    assets: Vec<Arc<Asset>>,
}

impl Site {
    /// No pages: every path is 404.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The JavaScript SDK alone, under `/sdk/`, for the pages of a game of your own.
    #[must_use]
    pub fn sdk() -> Self {
        Self::none().with_all(files::SDK)
    }

    /// The arena's pages, `/` to play and `/watch` to look on, with the SDK.
    #[must_use]
    pub fn arena() -> Self {
        Self::sdk()
            .with_all(files::ARENA)
            .with_all(files::WATCH)
            .with_all(files::PAGES)
    }

    /// Adds a file, to be had at `path`. Its extension says what it is; a path without
    /// one is an HTML page.
    ///
    /// Every answer carries a Content-Security-Policy that allows nothing inline and
    /// nothing from elsewhere, so scripts and styles must be files of their own.
    #[must_use]
    pub fn with(mut self, path: &'static str, content: &'static [u8]) -> Self {
        self.assets.push(Arc::new(Asset::new(path, content)));
        self
    }

    fn with_all(self, files: &[(&'static str, &'static [u8])]) -> Self {
        files
            .iter()
            .fold(self, |site, (path, content)| site.with(path, content))
    }
}

pub use answer::configure;

#[cfg(test)]
mod tests;
