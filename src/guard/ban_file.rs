//! Bans in a file, by which they outlast the server.
//!
//! A JSON object for people and programs; the moment a ban ends stands in it in
//! seconds after 1970 (UTC), since a clock that only counts starts anew with the
//! machine. Written whole, beside the old one and then in its place. Only `bans`
//! calls it.

use super::bans::{Ban, Culprit};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A file of bans that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadBans {
    /// It cannot be read.
    #[error("{0} cannot be read: {1}")]
    File(PathBuf, io::Error),
    /// What stands in it is something else.
    #[error("{0}: {1}")]
    Text(PathBuf, serde_json::Error),
}

/// Both clocks at the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The one that only goes forward.
    pub now: Instant,
    /// The one on the wall.
    pub wall: SystemTime,
}

impl Moment {
    /// This one.
    #[must_use]
    pub fn now() -> Self {
        Self {
            now: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    fn seconds(self) -> u64 {
        let since = self.wall.duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }
}

#[derive(Serialize, Deserialize)]
struct Book {
    bans: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    id: u64,
    #[serde(flatten)]
    culprit: Culprit,
    text: Option<String>,
    until: u64,
}

/// The bans in the file that are not over; none if there is no file yet.
pub(super) fn read(path: &Path, moment: Moment) -> Result<Vec<Ban>, BadBans> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BadBans::File(path.to_owned(), error)),
    };
    let book: Book =
        serde_json::from_slice(&text).map_err(|error| BadBans::Text(path.to_owned(), error))?;
    let ban = |line: Line| {
        let left = line.until.checked_sub(moment.seconds())?;
        Some(Ban {
            id: line.id,
            culprit: line.culprit,
            text: line.text,
            until: moment.now.checked_add(Duration::from_secs(left))?,
        })
    };
    Ok(book.bans.into_iter().filter_map(ban).collect())
}

/// Puts these bans into the file in place of whatever is in it.
pub(super) fn write(path: &Path, bans: Vec<Ban>, moment: Moment) -> io::Result<()> {
    let line = |ban: Ban| {
        let left = ban.until.saturating_duration_since(moment.now);
        Line {
            id: ban.id,
            culprit: ban.culprit,
            text: ban.text,
            // A ban that began within a second does not end before its time.
            until: (moment.seconds() + 1).saturating_add(left.as_secs()),
        }
    };
    let book = Book {
        bans: bans.into_iter().map(line).collect(),
    };
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let mut file = File::create(&fresh)?;
    serde_json::to_writer_pretty(&mut file, &book)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}
