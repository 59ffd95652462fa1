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

/// The variable that holds the operators' token itself.
const ADMIN_TOKEN: &str = "DOWNBEAT_ADMIN_TOKEN";

/// Variables that hold secrets and thus are no settings.
pub(super) const VARIABLES: [&str; 2] = [AUTH_KEYS, ADMIN_TOKEN];

/// Bytes of the operators' token at least: nobody can guess it at any rate.
const MIN_ADMIN_TOKEN: usize = 16;

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

    /// What stands in a file, without outer blanks.
    ///
    /// # Errors
    /// Why it cannot be used, with its path and without what stands in it.
    pub fn from_file(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        Self::trimmed(text)
    }

    fn trimmed(text: String) -> Result<Self, String> {
        let text = Zeroizing::new(text);
        match text.trim() {
            "" => Err("the secret is empty".to_owned()),
            trimmed => Ok(Self::new(trimmed.to_owned())),
        }
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
    /// What operators' requests must carry.
    pub admin_token: Option<Secret>,
}

impl Secrets {
    /// Reads them from where the settings and the environment say.
    ///
    /// # Errors
    /// A secret that is needed and missing, given twice, or cannot be read.
    pub fn read(settings: &Settings, layers: &Layers) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut kept = |read: Result<Option<Secret>, String>| {
            read.unwrap_or_else(|problem| {
                problems.push(problem);
                None
            })
        };
        let file = settings.auth_key_file.as_deref();
        let auth_keys = kept(read("auth_key_file", file, AUTH_KEYS, layers));
        let file = settings.admin_token_file.as_deref();
        let admin_token = kept(read("admin_token_file", file, ADMIN_TOKEN, layers));
        if settings.auth == Auth::Jwt && auth_keys.is_none() && problems.is_empty() {
            problems.push(format!(
                "auth: jwt needs keys; give auth_key_file or the variable {AUTH_KEYS}"
            ));
        }
        let is_good = |token: &Secret| {
            let bytes = token.reveal().as_bytes();
            bytes.len() >= MIN_ADMIN_TOKEN && bytes.iter().all(u8::is_ascii_graphic)
        };
        if !admin_token.as_ref().is_none_or(is_good) {
            problems.push(format!(
                "admin_token_file: the token must have at least {MIN_ADMIN_TOKEN} characters, \
                 all ascii, no blanks"
            ));
        }
        match problems.is_empty() {
            true => Ok(Self {
                auth_keys,
                admin_token,
            }),
            false => Err(Problems(problems)),
        }
    }
}

fn read(
    key: &str,
    file: Option<&Path>,
    variable: &str,
    layers: &Layers,
) -> Result<Option<Secret>, String> {
    let given = layers.variables.iter().find(|(name, _)| name == variable);
    let read = match (file, given) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => Err(format!("given as well as variable {variable}")),
        (None, Some((_, text))) => Secret::trimmed(text.clone()),
        (Some(path), None) => Secret::from_file(path),
    };
    read.map(Some)
        .map_err(|problem| format!("{key}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn auth_keys(
        settings: &Settings,
        variable: Option<&str>,
    ) -> Result<Option<String>, Vec<String>> {
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
        assert_eq!(auth_keys(&plain, None), Ok(None));
        assert_eq!(auth_keys(&plain, Some(" ab\n")), Ok(Some("ab".to_owned())));
        assert!(auth_keys(&plain, Some(" \n")).is_err(), "empty");

        let needed = Settings {
            auth: Auth::Jwt,
            ..Settings::default()
        };
        let missed = auth_keys(&needed, None).unwrap_err();
        assert!(missed[0].starts_with("auth: jwt needs keys"), "{missed:?}");
        assert_eq!(auth_keys(&needed, Some("ab")), Ok(Some("ab".to_owned())));

        let nowhere = Settings {
            auth_key_file: Some(PathBuf::from("/nowhere/keys")),
            ..needed
        };
        let problems = auth_keys(&nowhere, None).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        let twice = auth_keys(&nowhere, Some("hush")).unwrap_err();
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

    #[test]
    fn an_operators_token_is_long_and_plain() {
        for (token, is_good) in [
            ("0123456789abcdef", true),
            ("0123456789abcde", false),
            ("0123456789 abcdef", false),
            ("0123456789äbcdef", false),
        ] {
            let layers = Layers {
                variables: vec![(ADMIN_TOKEN.to_owned(), token.to_owned())],
                ..Layers::default()
            };
            match Secrets::read(&Settings::default(), &layers) {
                Ok(secrets) => assert!(is_good && secrets.admin_token.is_some(), "{token}"),
                Err(problems) => {
                    assert!(!is_good, "{token}");
                    assert!(!problems.to_string().contains("01234"), "{problems}");
                }
            }
        }
    }
}
