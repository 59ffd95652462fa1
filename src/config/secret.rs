//! Secrets: what the operator gives the server and nobody may see again.
//!
//! They are no settings: not in the table, not a flag (any user of the machine sees
//! flags), not printed. Each has a file, which a setting names, or a variable of its
//! own. Read by the command line at the start; held by whoever checks against them.

use super::{Auth, Layers, Problems, Settings};
use std::fs;
use std::path::Path;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The variable that holds the key set itself.
const AUTH_KEYS: &str = "DOWNBEAT_AUTH_KEYS";

/// Variables that hold secrets and thus are no settings.
pub(super) const VARIABLES: [&str; 1] = [AUTH_KEYS];

/// A text that is shown to nobody: it can neither be printed nor serialised, and is
/// wiped when it is dropped.
///
/// ```compile_fail,E0277
/// println!("{:?}", downbeat::config::Secret::new("hush".to_owned()));
/// ```
/// ```compile_fail,E0277
/// println!("{}", downbeat::config::Secret::new("hush".to_owned()));
/// ```
/// ```compile_fail,E0277
/// serde_json::to_string(&downbeat::config::Secret::new("hush".to_owned()));
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text out of sight.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for whoever must work with it. Never for a log or an error.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is what somebody says it is, in a time that depends on the
    /// lengths alone.
    #[must_use]
    pub fn is(&self, said: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(said).into()
    }
}

/// All secrets of a server.
#[derive(Default)]
pub struct Secrets {
    /// The key set that players' tokens are signed with.
    pub auth_keys: Option<Secret>,
}

impl Secrets {
    /// Reads them from where the settings and the environment say.
    ///
    /// # Errors
    /// A secret that is needed and missing, given twice, or cannot be read.
    pub fn read(settings: &Settings, layers: &Layers) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut read = |key: &str, file: Option<&Path>, variable: &str| {
            read_one(key, file, variable, layers).unwrap_or_else(|problem| {
                problems.push(problem);
                None
            })
        };
        let auth_keys = read(
            "auth_key_file",
            settings.auth_key_file.as_deref(),
            AUTH_KEYS,
        );
        if settings.auth == Auth::Jwt && auth_keys.is_none() && problems.is_empty() {
            problems.push(format!(
                "auth: jwt needs keys; give auth_key_file or the variable {AUTH_KEYS}"
            ));
        }
        match problems.is_empty() {
            true => Ok(Self { auth_keys }),
            false => Err(Problems(problems)),
        }
    }
}

fn read_one(
    key: &str,
    file: Option<&Path>,
    variable: &str,
    layers: &Layers,
) -> Result<Option<Secret>, String> {
    let given = layers.variables.iter().find(|(name, _)| name == variable);
    let text = match (file, given) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(format!("{key}: given as well as variable {variable}")),
        (None, Some((_, text))) => text.clone(),
        (Some(path), None) => fs::read_to_string(path)
            .map_err(|error| format!("{key}: {} cannot be read: {error}", path.display()))?,
    };
    let text = Zeroizing::new(text);
    match text.trim() {
        "" => Err(format!("{key}: the secret is empty")),
        trimmed => Ok(Some(Secret::new(trimmed.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn read(settings: &Settings, variable: Option<&str>) -> Result<Option<String>, Vec<String>> {
        let layers = Layers {
            variables: variable
                .map(|text| (AUTH_KEYS.to_owned(), text.to_owned()))
                .into_iter()
                .collect(),
            ..Layers::default()
        };
        let secrets = Secrets::read(settings, &layers).map_err(|problems| problems.0)?;
        Ok(secrets.auth_keys.map(|secret| secret.reveal().to_owned()))
    }

    #[test]
    fn a_secret_comes_from_one_place_and_is_missed_if_it_is_needed() {
        let plain = Settings::default();
        assert_eq!(read(&plain, None), Ok(None));
        assert_eq!(read(&plain, Some(" ab\n")), Ok(Some("ab".to_owned())));
        assert!(read(&plain, Some(" \n")).is_err(), "empty");

        let needed = Settings {
            auth: Auth::Jwt,
            ..Settings::default()
        };
        let missed = read(&needed, None).unwrap_err();
        assert!(missed[0].starts_with("auth: jwt needs keys"), "{missed:?}");
        assert_eq!(read(&needed, Some("ab")), Ok(Some("ab".to_owned())));

        let nowhere = Settings {
            auth_key_file: Some(PathBuf::from("/nowhere/keys")),
            ..needed
        };
        let problems = read(&nowhere, None).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        let twice = read(&nowhere, Some("hush")).unwrap_err();
        assert!(!twice.concat().contains("hush"), "{twice:?}");
    }

    #[test]
    fn only_the_same_text_is_it() {
        let secret = Secret::new("open sesame".to_owned());
        assert!(secret.is(b"open sesame"));
        for other in ["", "open", "open sesame!", "Open sesame"] {
            assert!(!secret.is(other.as_bytes()), "{other:?}");
        }
    }
}
