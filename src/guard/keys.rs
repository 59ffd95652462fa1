//! The keys that tokens are verified with, read again when their file changes.
//!
//! A key set that cannot be used never takes the place of one that can. Admission
//! holds it; the server asks it from time to time to look at the file.

use super::token::{BadKeys, Tokens};
use crate::config::Secret;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// See the module's doc.
pub struct Keys {
    current: RwLock<Arc<Tokens>>,
    audience: Option<String>,
    file: Option<File>,
}

struct File {
    path: PathBuf,
    /// What was found in it last, good or bad; as bytes rather than by its time, which
    /// may stay the same over a change.
    seen: Mutex<Result<Secret, String>>,
}

/// A file of keys was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It cannot be read.
    #[error("auth_key_file: {0}")]
    File(String),
    /// What stands in it cannot be used.
    #[error("auth_key_file: {0}")]
    Keys(#[from] BadKeys),
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.current().fmt(f)
    }
}

/// Keys that stay as they are.
impl From<Tokens> for Keys {
    fn from(tokens: Tokens) -> Self {
        Self {
            audience: None,
            current: RwLock::new(Arc::new(tokens)),
            file: None,
        }
    }
}

impl Keys {
    /// The keys of a file, of which this was read.
    ///
    /// # Errors
    /// [`BadKeys`], which never quotes a key.
    pub fn watched(path: PathBuf, read: Secret, audience: Option<String>) -> Result<Self, BadKeys> {
        Ok(Self {
            current: RwLock::new(Arc::new(Tokens::new(&read, audience.clone())?)),
            audience,
            file: Some(File {
                path,
                seen: Mutex::new(Ok(read)),
            }),
        })
    }

    /// The keys now.
    #[must_use]
    pub fn current(&self) -> Arc<Tokens> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the file, if there is one, and takes the keys in it if they are new;
    /// `false` if nothing has changed. If they cannot be used, the old ones stay.
    ///
    /// # Errors
    /// [`NotTaken`], once per change.
    pub fn reload(&self) -> Result<bool, NotTaken> {
        let Some(File { path, seen }) = &self.file else {
            return Ok(false);
        };
        let found = Secret::from_file(path);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = match (&found, &*seen) {
            (Ok(found), Ok(seen)) => found.is(seen.reveal().as_bytes()),
            (Err(found), Err(seen)) => found == seen,
            _ => false,
        };
        if is_known {
            return Ok(false);
        }
        *seen = found;
        let text = seen
            .as_ref()
            .map_err(|error| NotTaken::File(error.clone()))?;
        let fresh = Arc::new(Tokens::new(text, self.audience.clone())?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::{Grant, Rejected};
    use std::fs;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    /// A key set of keys with these names, each of its own secret.
    fn set(kids: &[&str]) -> String {
        let key = |kid: &&str| {
            let secret = kid.repeat(43);
            format!(r#"{{"kty": "oct", "kid": "{kid}", "k": "{secret}"}}"#)
        };
        let keys: Vec<_> = kids.iter().map(key).collect();
        format!(r#"{{"keys": [{}]}}"#, keys.join(", "))
    }

    fn token(kid: &str) -> String {
        let tokens = Tokens::new(&Secret::new(set(&[kid])), None).unwrap();
        let grant = Grant {
            account: "ada".into(),
            name: None,
            rooms: vec![],
            ttl: Duration::from_secs(60),
        };
        tokens.sign(grant, None, now()).unwrap()
    }

    #[test]
    fn keys_are_rotated_by_their_file_and_bad_ones_are_not_taken() {
        let path = std::env::temp_dir().join(format!("downbeat-keys-{}", std::process::id()));
        let write = |text: &str| fs::write(&path, text).unwrap();
        write(&set(&["A"]));
        let keys = Keys::watched(path.clone(), Secret::from_file(&path).unwrap(), None).unwrap();
        let admits = |kid| {
            keys.current()
                .verify(&token(kid), "main", now())
                .map(|_| ())
        };
        assert_eq!(keys.reload(), Ok(false), "nothing has changed");

        for (text, taken, a, b) in [
            (set(&["A", "E"]), true, true, true),
            (set(&["A"]) + "hush", false, true, true),
            (String::new(), false, true, true),
            (set(&["E"]), true, false, true),
        ] {
            write(&text);
            match keys.reload() {
                Ok(seen) => assert_eq!((seen, taken), (true, true), "{text}"),
                Err(error) => {
                    assert!(!taken, "{text}: {error}");
                    assert!(!error.to_string().contains("hush"), "{error}");
                }
            }
            assert_eq!(keys.reload(), Ok(false), "told once");
            for (kid, good) in [("A", a), ("E", b)] {
                let expected = if good { Ok(()) } else { Err(Rejected::Invalid) };
                assert_eq!(admits(kid), expected, "{kid} with {text}");
            }
        }

        fs::remove_file(&path).unwrap();
        assert!(keys.reload().is_err(), "gone");
        assert_eq!(keys.reload(), Ok(false), "told once");
        assert_eq!(admits("E"), Ok(()), "the old ones stay");
    }
}
