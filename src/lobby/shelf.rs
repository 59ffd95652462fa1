//! Where saved rooms lie while no server runs: a folder with a file per room.
//!
//! Owns names, modes and the order of system calls; what is in a file is
//! `world::save`'s. Called by the lobby: at the start it takes rooms down, in a drain it
//! puts them up. One process at a time: a lock is held as long as the shelf is open.
//!
//! | file | what |
//! |---|---|
//! | `main.room` | the room `main` |
//! | `main.room.new` | the same while it is written; worthless afterwards |
//! | `main.room.bad-1` | a file that could not be loaded, set aside |
//! | `lock` | held by the server whose folder it is |
//!
//! Files are the owner's alone: whoever reads one can take its players' places.

use crate::world::SAVE_LIMIT;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The end of a saved room's file name.
const ROOM: &str = ".room";
/// The end of the name of one that is being written.
const NEW: &str = ".room.new";

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// It is neither there nor can it be made, read and written.
    #[error("{0}: {1}")]
    Folder(PathBuf, io::Error),
    /// Another process has it.
    #[error("{0} is in use by another server")]
    InUse(PathBuf),
}

/// See the module's doc. Clones are the same shelf.
#[derive(Clone, Debug)]
pub(super) struct Shelf(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    /// Gives the lock back when it is closed, also by the end of the process.
    _lock: File,
}

impl Shelf {
    /// Opens the folder, and makes it if it is not there.
    ///
    /// # Errors
    /// [`ShelfError`] if it cannot be read and written, or is another server's.
    pub(super) fn open(folder: &Path) -> Result<Self, ShelfError> {
        let failed = |error| ShelfError::Folder(folder.to_owned(), error);
        let mut maker = DirBuilder::new();
        maker.recursive(true).mode(0o700);
        maker.create(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ShelfError::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let shelf = Self(Arc::new(Inner {
            folder: folder.to_owned(),
            _lock: lock,
        }));
        for room in shelf.names(NEW).map_err(failed)? {
            // Of a server that was ended while it wrote.
            fs::remove_file(shelf.path(&room, NEW)).map_err(failed)?;
        }
        Ok(shelf)
    }

    /// The rooms that lie here, by name.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(super) fn rooms(&self) -> io::Result<Vec<String>> {
        self.names(ROOM)
    }

    /// Where the room lies.
    pub(super) fn file(&self, room: &str) -> PathBuf {
        self.path(room, ROOM)
    }

    /// The bytes of a room.
    ///
    /// # Errors
    /// If it cannot be read, or is larger than any save.
    pub(super) fn read(&self, room: &str) -> io::Result<Vec<u8>> {
        let path = self.file(room);
        // Opening a pipe would wait for somebody who writes.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let mut bytes = Vec::new();
        let limit = SAVE_LIMIT as u64;
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        match bytes.len() > SAVE_LIMIT {
            true => Err(io::Error::other("it is larger than any save")),
            false => Ok(bytes),
        }
    }

    /// Puts a room up, in place of one of that name. After a crash at any moment there
    /// is the old file, or the whole new one.
    ///
    /// # Errors
    /// If it cannot be written; then nothing of it is left.
    pub(super) fn put(&self, room: &str, bytes: &[u8]) -> io::Result<()> {
        if Path::new(room).file_name() != Some(room.as_ref()) {
            return Err(io::Error::other("its name is no name of a file"));
        }
        let (new, path) = (self.path(room, NEW), self.file(room));
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        let put = written
            .and_then(|()| fs::rename(&new, path))
            .and_then(|()| self.sync());
        if put.is_err() {
            // What failed before is what is told.
            let _ = fs::remove_file(new);
        }
        put
    }

    /// Takes a room down for good.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub(super) fn remove(&self, room: &str) -> io::Result<()> {
        fs::remove_file(self.file(room))?;
        self.sync()
    }

    /// Renames a room's file, so that nobody takes it for one; gives the new name.
    ///
    /// # Errors
    /// If it cannot be renamed.
    pub(super) fn set_aside(&self, room: &str) -> io::Result<PathBuf> {
        let mut number = 1;
        let free = loop {
            let path = self.path(room, &format!("{ROOM}.bad-{number}"));
            if !path.try_exists()? {
                break path;
            }
            number += 1;
        };
        fs::rename(self.file(room), &free)?;
        self.sync()?;
        Ok(free)
    }

    fn path(&self, room: &str, end: &str) -> PathBuf {
        self.0.folder.join(format!("{room}{end}"))
    }

    /// What stands before `end` in the names of files, in order.
    fn names(&self, end: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0.folder)? {
            let name = entry?.file_name();
            let room = name.to_str().and_then(|name| name.strip_suffix(end));
            names.extend(room.map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Makes the names in the folder last.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.0.folder)?.sync_all()
    }
}
