//! Tokens good and bad.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The example key pair of RFC 8037, appendix A.1.
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn hmac(kid: &str, byte: u8) -> Value {
    json!({"kty": "oct", "kid": kid, "alg": "HS256", "k": BASE64_URL_SAFE_NO_PAD.encode([byte; 32])})
}

fn set(keys: &[Value]) -> Secret {
    Secret::new(json!({ "keys": keys }).to_string())
}

fn tokens(keys: &[Value]) -> Tokens {
    Tokens::new(&set(keys), None).unwrap()
}

fn grant() -> Grant {
    Grant {
        account: "ada".to_owned(),
        name: Some("Ada L.".to_owned()),
        rooms: Vec::new(),
        ttl: Duration::from_secs(60),
    }
}

fn claims() -> Value {
    json!({"sub": "ada", "exp": 1_800_000_060})
}

/// A token with these claims, signed by the first key.
fn signed(tokens: &Tokens, claims: &Value) -> String {
    let key = &tokens.keys[0];
    let header = Header {
        kid: key.kid.clone(),
        ..Header::new(key.algorithm)
    };
    jsonwebtoken::encode(&header, claims, key.signs.as_ref().unwrap()).unwrap()
}

fn with(mut claims: Value, key: &str, value: Value) -> Value {
    claims[key] = value;
    claims
}

#[test]
fn a_token_of_either_kind_says_who_it_is() {
    let pair = json!({"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": X, "d": D});
    let public = json!({"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": X});
    let ada = Identity {
        account: "ada".to_owned(),
        name: Some("Ada L.".to_owned()),
    };
    for (maker, checker) in [(hmac("h", 1), hmac("h", 1)), (pair, public)] {
        let token = tokens(&[maker]).sign(grant(), None, now()).unwrap();
        let who = tokens(&[checker]).verify(&token, "main", now());
        assert_eq!(who, Ok(ada.clone()), "{token}");
    }
}

#[test]
fn keys_rotate_by_their_names() {
    let (old, new) = (hmac("old", 1), hmac("new", 2));
    let both = tokens(&[new.clone(), old.clone()]);
    let by_old = tokens(&[old]).sign(grant(), None, now()).unwrap();
    let by_new = both.sign(grant(), None, now()).unwrap();
    for token in [&by_old, &by_new] {
        assert!(both.verify(token, "main", now()).is_ok(), "both are known");
    }
    let only_new = tokens(&[new]);
    assert!(only_new.verify(&by_new, "main", now()).is_ok());
    assert_eq!(
        only_new.verify(&by_old, "main", now()),
        Err(Rejected::Invalid),
        "the old key is gone"
    );

    let nameless = tokens(&[json!({"kty": "oct", "k": BASE64_URL_SAFE_NO_PAD.encode([1; 32])})]);
    let unnamed = nameless.sign(grant(), None, now()).unwrap();
    assert!(nameless.verify(&unnamed, "main", now()).is_ok());
    assert!(
        nameless.verify(&by_old, "main", now()).is_ok(),
        "the only key"
    );
    let verdict = both.verify(&unnamed, "main", now());
    assert_eq!(verdict, Err(Rejected::Invalid), "which of the two?");
    let by_name = both.sign(grant(), Some("old"), now()).unwrap();
    assert!(nameless.verify(&by_name, "main", now()).is_ok());
    assert_eq!(
        both.sign(grant(), Some("other"), now()),
        Err(NotSigned::Key)
    );
}

#[test]
fn claims_are_kept() {
    let tokens = tokens(&[hmac("a", 1)]);
    for (what, claims, outcome) in [
        ("plain", claims(), Ok(())),
        (
            "fractions",
            with(claims(), "exp", json!(1_799_999_999.5)),
            Ok(()),
        ),
        (
            "just expired",
            with(claims(), "exp", json!(1_799_999_996)),
            Ok(()),
        ),
        (
            "expired",
            with(claims(), "exp", json!(1_799_999_995)),
            Err(Rejected::Expired),
        ),
        (
            "for ever",
            with(claims(), "exp", Value::Null),
            Err(Rejected::Invalid),
        ),
        (
            "no time",
            with(claims(), "exp", json!("soon")),
            Err(Rejected::Invalid),
        ),
        ("begun", with(claims(), "nbf", json!(1_800_000_005)), Ok(())),
        (
            "not begun",
            with(claims(), "nbf", json!(1_800_000_006)),
            Err(Rejected::Early),
        ),
        (
            "an audience",
            with(claims(), "aud", json!("chess")),
            Err(Rejected::Audience),
        ),
        ("its room", with(claims(), "room", json!("main")), Ok(())),
        (
            "its rooms",
            with(claims(), "room", json!(["duel", "main"])),
            Ok(()),
        ),
        (
            "another room",
            with(claims(), "room", json!("duel")),
            Err(Rejected::Room),
        ),
        (
            "no room",
            with(claims(), "room", json!([])),
            Err(Rejected::Room),
        ),
        (
            "half a room",
            with(claims(), "room", json!(7)),
            Err(Rejected::Invalid),
        ),
        (
            "nobody",
            with(claims(), "sub", json!("")),
            Err(Rejected::Invalid),
        ),
        (
            "a line",
            with(claims(), "sub", json!("a\nb")),
            Err(Rejected::Invalid),
        ),
        (
            "too long",
            with(claims(), "sub", json!("x".repeat(129))),
            Err(Rejected::Invalid),
        ),
    ] {
        let verdict = tokens.verify(&signed(&tokens, &claims), "main", now());
        assert_eq!(verdict.map(drop), outcome, "{what}");
    }
}

#[test]
fn an_audience_must_be_named() {
    let keys = set(&[hmac("a", 1)]);
    let tokens = Tokens::new(&keys, Some("downbeat".to_owned())).unwrap();
    for (audience, outcome) in [
        (json!("downbeat"), Ok(())),
        (json!(["chess", "downbeat"]), Ok(())),
        (json!("chess"), Err(Rejected::Audience)),
        (json!([]), Err(Rejected::Audience)),
        (Value::Null, Err(Rejected::Audience)),
    ] {
        let token = signed(&tokens, &with(claims(), "aud", audience.clone()));
        let verdict = tokens.verify(&token, "main", now());
        assert_eq!(verdict.map(drop), outcome, "{audience}");
    }
    let own = tokens.sign(grant(), None, now()).unwrap();
    assert!(tokens.verify(&own, "main", now()).is_ok());
}

#[test]
fn what_was_tampered_with_is_not_valid() {
    let tokens = tokens(&[hmac("a", 1)]);
    let good = tokens.sign(grant(), None, now()).unwrap();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts");
    };
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let mallory = part(json!({"sub": "mallory", "exp": 1_800_000_060}));
    let unsigned = part(json!({"alg": "none", "kid": "a"}));
    let eddsa = part(json!({"alg": "EdDSA", "kid": "a"}));
    let hs512 = part(json!({"alg": "HS512", "kid": "a"}));
    for (what, bad) in [
        ("claims", format!("{header}.{mallory}.{signature}")),
        ("unsigned", format!("{unsigned}.{payload}.")),
        ("algorithm", format!("{eddsa}.{payload}.{signature}")),
        ("strength", format!("{hs512}.{payload}.{signature}")),
        ("cut", format!("{header}.{payload}.{}", &signature[1..])),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("empty", String::new()),
        ("blank", "..".to_owned()),
    ] {
        let verdict = tokens.verify(&bad, "main", now());
        assert_eq!(verdict, Err(Rejected::Invalid), "{what}");
    }
    let critical = Header {
        kid: Some("a".to_owned()),
        crit: Some(vec!["b64".to_owned()]),
        ..Header::default()
    };
    let signs = tokens.keys[0].signs.as_ref().unwrap();
    let bad = jsonwebtoken::encode(&critical, &claims(), signs).unwrap();
    let verdict = tokens.verify(&bad, "main", now());
    assert_eq!(verdict, Err(Rejected::Invalid), "critical");
}

#[test]
fn an_ed25519_public_key_is_no_hmac_secret() {
    // The classic confusion: the token is signed with the public key as a secret.
    let public = json!({"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": X});
    let secret = json!({"kty": "oct", "kid": "e", "k": X});
    let forged = tokens(&[secret]).sign(grant(), None, now()).unwrap();
    let verdict = tokens(&[public]).verify(&forged, "main", now());
    assert_eq!(verdict, Err(Rejected::Invalid));
}

#[test]
fn a_bad_key_set_is_told_without_its_secrets() {
    let hush = BASE64_URL_SAFE_NO_PAD.encode(b"hush hush hush");
    for (keys, expected) in [
        ("{\"keys\": \"hush\"}".to_owned(), BadKeys::Json(1, 15)),
        ("hush".to_owned(), BadKeys::Json(1, 1)),
        ("{\"keys\": []}".to_owned(), BadKeys::Empty),
        (
            json!({"keys": [{"kty": "oct", "k": hush}]}).to_string(),
            BadKeys::Material(1),
        ),
        (
            json!({"keys": [hmac("a", 1), {"kty": "OKP", "crv": "Ed25519", "kid": "b", "x": hush}]})
                .to_string(),
            BadKeys::Material(2),
        ),
        (
            json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": X, "d": hush}]}).to_string(),
            BadKeys::Material(1),
        ),
        (
            json!({"keys": [hmac("a", 1), hmac("a", 2)]}).to_string(),
            BadKeys::Kid(2),
        ),
        (
            json!({"keys": [{"kty": "RSA", "n": hush, "e": "AQAB"}]}).to_string(),
            BadKeys::Kind(1),
        ),
    ] {
        let error = Tokens::new(&Secret::new(keys), None).unwrap_err();
        assert_eq!(error, expected);
        let said = format!("{error} {error:?}");
        assert!(!said.contains("hush") && !said.contains(&hush), "{said}");
    }
}

#[test]
fn keys_are_not_printed() {
    let tokens = tokens(&[hmac("a", 1), hmac("b", 2)]);
    assert_eq!(format!("{tokens:?}"), "Tokens(2 keys)");
}

#[test]
fn only_an_account_gets_a_token() {
    let nobody = Grant {
        account: String::new(),
        ..grant()
    };
    let refused = tokens(&[hmac("a", 1)]).sign(nobody, None, now());
    assert_eq!(refused, Err(NotSigned::Account));
    let endless = Grant {
        ttl: Duration::MAX,
        ..grant()
    };
    let refused = tokens(&[hmac("a", 1)]).sign(endless, None, now());
    assert_eq!(refused, Err(NotSigned::Time));
    let public = tokens(&[json!({"kty": "OKP", "crv": "Ed25519", "x": X})]);
    assert_eq!(public.sign(grant(), None, now()), Err(NotSigned::Key));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_a_peer_sends_admits_nobody(token in "[A-Za-z0-9_=.-]{0,200}|\\PC{0,80}") {
        let both = [hmac("a", 1), json!({"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": X})];
        prop_assert!(tokens(&both).verify(&token, "main", now()).is_err());
    }

    #[test]
    fn any_header_and_signature_over_any_payload_admit_nobody(
        alg in prop::sample::select(vec!["HS256", "EdDSA", "RS256", "ES256", "none"]),
        kid in prop::sample::select(vec!["a", "e"]),
        signature in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let both = [hmac("a", 1), json!({"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": X})];
        let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({"alg": alg, "kid": kid}));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        let token = format!("{header}.{}.{signature}", part(claims()));
        let verdict = tokens(&both).verify(&token, "main", now());
        prop_assert_eq!(verdict, Err(Rejected::Invalid));
    }
}
