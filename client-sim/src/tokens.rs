//! Proof of who a bot is, for a server that asks for it (`auth = "jwt"`).
//!
//! Either tokens made elsewhere, one per bot, or a key of the server's own key set, by
//! which each bot signs one for itself whenever it joins: with an account of its own,
//! `bot-7`, valid for a minute. `jsonwebtoken` is named here alone. Its secrets are not
//! printed.

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clap::Args;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a token is valid: it is looked at when its bot joins, and then no more.
const VALID: Duration = Duration::from_secs(60);
/// What comes before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410 section 7).
const PKCS8_ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Where the tokens come from.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TokenArgs {
    /// The server's keys (a JSON Web Key Set): each bot signs a token of its own
    #[arg(long, value_name = "FILE", conflicts_with = "tokens")]
    token_key: Option<PathBuf>,

    /// The audience that tokens so signed are for
    #[arg(long, value_name = "NAME", requires = "token_key")]
    token_audience: Option<String>,

    /// Tokens made elsewhere, a line for each bot
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
}

/// See the module.
pub(crate) enum Tokens {
    Made(Vec<String>),
    Signed(Box<Signer>),
}

/// What tokens are signed with.
pub(crate) struct Signer {
    header: Header,
    key: EncodingKey,
    audience: Option<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: String,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    k: Option<String>,
    d: Option<String>,
}

impl TokenArgs {
    /// The tokens of so many bots; `None` if they need none.
    ///
    /// # Errors
    /// If a file cannot be read, holds no key that can sign, or too few tokens.
    pub(crate) fn read(&self, bots: u32) -> anyhow::Result<Option<Tokens>> {
        if let Some(path) = &self.tokens {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let made: Vec<_> = lines.map(str::to_owned).collect();
            ensure!(
                made.len() >= bots as usize,
                "{} tokens in {} are too few for {bots} bots",
                made.len(),
                path.display()
            );
            return Ok(Some(Tokens::Made(made)));
        }
        let Some(path) = &self.token_key else {
            return Ok(None);
        };
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let signed = key(&text).with_context(|| format!("{}", path.display()))?;
        let (header, key) = signed;
        Ok(Some(Tokens::Signed(Box::new(Signer {
            header,
            key,
            audience: self.token_audience.clone(),
        }))))
    }
}

impl Tokens {
    /// That of bot `number`, good for joining now.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub(crate) fn of(&self, number: u32) -> anyhow::Result<String> {
        match self {
            Self::Made(made) => made.get(number as usize).cloned().context("too few tokens"),
            Self::Signed(signer) => {
                let expires = SystemTime::now().duration_since(UNIX_EPOCH)? + VALID;
                let claims = Claims {
                    sub: format!("bot-{number}"),
                    exp: expires.as_secs(),
                    aud: signer.audience.as_deref(),
                };
                Ok(jsonwebtoken::encode(&signer.header, &claims, &signer.key)?)
            }
        }
    }
}

/// The first key of a set that can sign.
fn key(text: &str) -> anyhow::Result<(Header, EncodingKey)> {
    // Not the error itself: it may quote the key.
    let set: KeySet = serde_json::from_str(text).map_err(|_| anyhow::anyhow!("no key set"))?;
    for jwk in set.keys {
        let bytes = |text: &String| BASE64_URL_SAFE_NO_PAD.decode(text);
        let (algorithm, key) = match (jwk.kty.as_str(), &jwk.k, &jwk.d) {
            ("oct", Some(secret), _) => {
                let secret = bytes(secret).ok().context("a secret is no base64url")?;
                (Algorithm::HS256, EncodingKey::from_secret(&secret))
            }
            ("OKP", _, Some(private)) => {
                let private = bytes(private).ok().context("a key is no base64url")?;
                ensure!(private.len() == 32, "an Ed25519 key has 32 bytes");
                let der = [&PKCS8_ED25519[..], &private[..]].concat();
                (Algorithm::EdDSA, EncodingKey::from_ed_der(&der))
            }
            _ => continue,
        };
        let header = Header {
            kid: jwk.kid,
            ..Header::new(algorithm)
        };
        return Ok((header, key));
    }
    bail!("no key that can sign: HS256 needs k, Ed25519 needs d")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "c2VzYW1lLXNlc2FtZS1zZXNhbWUtc2VzYW1lLXNlc2E";

    #[test]
    fn a_key_that_can_sign_is_found() {
        let set = format!(
            r#"{{"keys": [{{"kty": "OKP", "crv": "Ed25519", "x": "a"}}, {{"kty": "oct", "kid": "b", "k": "{SECRET}"}}]}}"#
        );
        let (header, key) = key(&set).unwrap();
        assert_eq!(header.kid.as_deref(), Some("b"));
        let tokens = Tokens::Signed(Box::new(Signer {
            header,
            key,
            audience: None,
        }));
        let (one, two) = (tokens.of(1).unwrap(), tokens.of(2).unwrap());
        assert_ne!(one, two, "each bot has its own account");
        assert_eq!(format!("{tokens:?}"), "Tokens(…)");
    }

    #[test]
    fn tokens_made_elsewhere_are_one_for_each_bot() {
        let path = std::env::temp_dir().join(format!("client-sim-tokens-{}", std::process::id()));
        fs::write(&path, "first.a.b\n\n  second.a.b \r\nthird.a.b").unwrap();
        let arguments = TokenArgs {
            tokens: Some(path.clone()),
            ..TokenArgs::default()
        };
        let (enough, too_few) = (arguments.read(3), arguments.read(4));
        fs::remove_file(&path).unwrap();
        let gone = arguments.read(1);

        let tokens = enough.unwrap().unwrap();
        let of = [0, 1, 2].map(|number| tokens.of(number).unwrap());
        assert_eq!(of, ["first.a.b", "second.a.b", "third.a.b"]);
        for (error, words) in [(too_few, "3 tokens in"), (gone, "cannot read")] {
            let error = format!("{:#}", error.unwrap_err());
            assert!(error.contains(words) && !error.contains("a.b"), "{error}");
        }
    }

    #[test]
    fn keys_that_cannot_sign_are_refused_and_not_printed() {
        for text in [
            "",
            r#"{"keys": []}"#,
            r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "a"}]}"#,
            r#"{"keys": [{"kty": "oct", "k": "s3cret!"}]}"#,
            r#"{"keys": [{"kty": "OKP", "d": "c2hvcnQ"}]}"#,
        ] {
            let error = format!("{:?}", key(text).err().unwrap());
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
