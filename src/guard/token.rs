//! Who a player is: signed tokens, and the keys that verify them.
//!
//! A token is a JSON Web Token (RFC 7519) in the compact form; the keys are a JSON
//! Web Key Set (RFC 7517) of HS256 secrets and Ed25519 keys. A key's algorithm is
//! the key's, whatever a token says. Pure: the time is an argument. The session's
//! hello asks; the command line makes tokens for development.

use crate::config::Secret;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use downbeat_protocol::Reason;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// How far the clocks of issuer and server may differ.
const LEEWAY: Duration = Duration::from_secs(5);

/// Bytes of an account at most.
const MAX_ACCOUNT: usize = 128;

/// Bytes of an HS256 secret at least (RFC 7518 section 3.2).
const MIN_SECRET: usize = 32;

/// Bytes of an Ed25519 key, of either half (RFC 8032 section 5.1.5).
const ED25519: usize = 32;

/// What stands before an Ed25519 private key in PKCS #8 (RFC 8410 section 7).
const PKCS8_ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Who a token says somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The same in all his sessions (`sub`).
    pub account: String,
    /// His name, if the token has one.
    pub name: Option<String>,
}

/// Why a token admits nobody. The text is shown to the peer, and does not help him
/// to make a better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// There is none.
    #[error("a token is needed")]
    Missing,
    /// It is none, or none of ours.
    #[error("the token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    Early,
    /// It is for another service.
    #[error("the token is for another audience")]
    Audience,
    /// It is for another room.
    #[error("the token is for another room")]
    Room,
}

impl Rejected {
    /// The reason a connection ends with.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Expired => Reason::TokenExpired,
            _ => Reason::Unauthorized,
        }
    }
}

/// What is wrong with a key set. Never says what stands in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Not the JSON it should be.
    #[error("not a JSON Web Key Set: line {0}, column {1}")]
    Json(usize, usize),
    /// No key at all.
    #[error("a key set without keys")]
    Empty,
    /// One of several keys has no name of its own.
    #[error("key {0}: of several keys each needs a kid of its own")]
    Kid(usize),
    /// Neither HS256 nor Ed25519.
    #[error("key {0}: only HS256 (kty oct) and EdDSA (kty OKP, crv Ed25519) keys are taken")]
    Kind(usize),
    /// The key itself cannot be used.
    #[error(
        "key {0}: k must be at least 32 bytes, x and d exactly 32, each in base64url without padding"
    )]
    Material(usize),
}

/// A token cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// No key of that name, or none at all, can sign: an EdDSA key needs its `d`.
    #[error("no such key can sign; an EdDSA key needs its private part d")]
    Key,
    /// What was asked for cannot be a token.
    #[error("an account has 1 to 128 bytes, without control characters")]
    Account,
    /// It would never expire.
    #[error("the time is too long")]
    Time,
}

/// What a new token is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub account: String,
    /// His name.
    pub name: Option<String>,
    /// The rooms it admits to; none: any.
    pub rooms: Vec<String>,
    /// For how long.
    pub ttl: Duration,
}

/// A key as it stands in a key set.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    k: Option<Zeroizing<String>>,
    x: Option<String>,
    d: Option<Zeroizing<String>>,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    verifies: DecodingKey,
    signs: Option<EncodingKey>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    /// Seconds after 1970 (UTC); fractions are allowed (RFC 7519 section 2).
    exp: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Rooms>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Rooms {
    One(String),
    Some(Vec<String>),
}

/// The keys of a server, and the audience its tokens must name.
pub struct Tokens {
    keys: Vec<Key>,
    audience: Option<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({} keys)", self.keys.len())
    }
}

impl Tokens {
    /// Reads a key set. Several keys are told apart by their `kid`, so that a new one
    /// can be brought in before an old one goes.
    ///
    /// # Errors
    /// [`BadKeys`], which never quotes a key.
    pub fn new(keys: &Secret, audience: Option<String>) -> Result<Self, BadKeys> {
        let set: JwkSet = serde_json::from_str(keys.reveal())
            .map_err(|error| BadKeys::Json(error.line(), error.column()))?;
        if set.keys.is_empty() {
            return Err(BadKeys::Empty);
        }
        let several = set.keys.len() > 1;
        let mut keys: Vec<Key> = Vec::new();
        for (at, jwk) in set.keys.into_iter().enumerate() {
            let is_known = keys.iter().any(|key| key.kid == jwk.kid);
            if several && (jwk.kid.is_none() || is_known) {
                return Err(BadKeys::Kid(at + 1));
            }
            keys.push(read_key(jwk, at + 1)?);
        }
        Ok(Self { keys, audience })
    }

    /// Whom a token admits to `room` at this time.
    ///
    /// # Errors
    /// [`Rejected`], if nobody.
    pub fn verify(&self, token: &str, room: &str, now: SystemTime) -> Result<Identity, Rejected> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Rejected::Invalid)?;
        // An extension that must be understood is one that is not (RFC 7515 section
        // 4.1.11).
        if header.crit.is_some() {
            return Err(Rejected::Invalid);
        }
        let key = self.key(header.kid.as_deref()).ok_or(Rejected::Invalid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.verifies, &self.validation(key))
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidAudience => Rejected::Audience,
                ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => Rejected::Audience,
                _ => Rejected::Invalid,
            })?
            .claims;

        let (now, leeway) = (seconds(now), LEEWAY.as_secs_f64());
        if claims.exp + leeway <= now {
            return Err(Rejected::Expired);
        }
        if claims.nbf.is_some_and(|begin| begin > now + leeway) {
            return Err(Rejected::Early);
        }
        let is_admitted = match &claims.room {
            None => true,
            Some(Rooms::One(one)) => one == room,
            Some(Rooms::Some(some)) => some.iter().any(|one| one == room),
        };
        if !is_admitted {
            return Err(Rejected::Room);
        }
        if !is_account(&claims.sub) {
            return Err(Rejected::Invalid);
        }
        Ok(Identity {
            account: claims.sub,
            name: claims.name,
        })
    }

    /// A new token, signed with the key of that name or the first that can sign.
    ///
    /// # Errors
    /// [`NotSigned`], if no key can, or for what is asked there can be no token.
    pub fn sign(
        &self,
        grant: Grant,
        kid: Option<&str>,
        now: SystemTime,
    ) -> Result<String, NotSigned> {
        if !is_account(&grant.account) {
            return Err(NotSigned::Account);
        }
        let expires = now.checked_add(grant.ttl).ok_or(NotSigned::Time)?;
        let mut able = self.keys.iter().filter(|key| key.signs.is_some());
        let key = match kid {
            Some(kid) => able.find(|key| key.kid.as_deref() == Some(kid)),
            None => able.next(),
        };
        let Some((key, signs)) = key.and_then(|key| Some((key, key.signs.as_ref()?))) else {
            return Err(NotSigned::Key);
        };
        let mut rooms = grant.rooms;
        let claims = Claims {
            sub: grant.account,
            exp: seconds(expires).floor(),
            nbf: None,
            aud: self.audience.clone().map(Into::into),
            name: grant.name,
            room: match rooms.len() {
                0 => None,
                1 => rooms.pop().map(Rooms::One),
                _ => Some(Rooms::Some(rooms)),
            },
        };
        let header = Header {
            kid: key.kid.clone(),
            ..Header::new(key.algorithm)
        };
        jsonwebtoken::encode(&header, &claims, signs).map_err(|_| NotSigned::Key)
    }

    /// The key that a token names; a token need not name the only one.
    fn key(&self, kid: Option<&str>) -> Option<&Key> {
        match (&self.keys[..], kid) {
            ([only], None) => Some(only),
            ([only], Some(_)) if only.kid.is_none() => Some(only),
            (keys, Some(kid)) => keys.iter().find(|key| key.kid.as_deref() == Some(kid)),
            (_, None) => None,
        }
    }

    /// What the library checks: signature and audience. Times are ours, since it
    /// would ask the clock.
    fn validation(&self, key: &Key) -> Validation {
        let mut validation = Validation::new(key.algorithm);
        validation.validate_exp = false;
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            validation.set_required_spec_claims(&["exp", "aud"]);
        }
        validation
    }
}

fn read_key(jwk: Jwk, at: usize) -> Result<Key, BadKeys> {
    let bytes = |text: &str| {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(text);
        decoded
            .map(Zeroizing::new)
            .map_err(|_| BadKeys::Material(at))
    };
    match (jwk.kty.as_str(), jwk.crv.as_deref(), jwk.alg.as_deref()) {
        ("oct", None, None | Some("HS256")) => {
            let secret = bytes(jwk.k.as_deref().map_or("", String::as_str))?;
            if secret.len() < MIN_SECRET {
                return Err(BadKeys::Material(at));
            }
            Ok(Key {
                kid: jwk.kid,
                algorithm: Algorithm::HS256,
                verifies: DecodingKey::from_secret(&secret),
                signs: Some(EncodingKey::from_secret(&secret)),
            })
        }
        ("OKP", Some("Ed25519"), None | Some("EdDSA" | "Ed25519")) => {
            let public = bytes(jwk.x.as_deref().unwrap_or_default())?;
            let private = jwk.d.as_deref().map(|text| bytes(text)).transpose()?;
            // The library trusts the length.
            let halves = [Some(&public), private.as_ref()];
            if halves.iter().flatten().any(|half| half.len() != ED25519) {
                return Err(BadKeys::Material(at));
            }
            let signs = private.map(|seed| {
                let der = Zeroizing::new([&PKCS8_ED25519[..], &seed[..]].concat());
                EncodingKey::from_ed_der(&der)
            });
            Ok(Key {
                kid: jwk.kid,
                algorithm: Algorithm::EdDSA,
                verifies: DecodingKey::from_ed_der(&public),
                signs,
            })
        }
        _ => Err(BadKeys::Kind(at)),
    }
}

/// Whether this may be an account: 1 to 128 bytes, without control characters.
#[must_use]
pub fn is_account(account: &str) -> bool {
    (1..=MAX_ACCOUNT).contains(&account.len()) && !account.contains(char::is_control)
}

/// Seconds after 1970 (UTC).
fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests;
