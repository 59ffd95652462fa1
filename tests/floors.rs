//! The floor plan: a module imports only from floors below its own, a third-party
//! name that may change lives in one file, and every file opens with a module doc.
//! Read from the sources, so that it also holds for what no test runs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the crate by floor, from the ground up. The crate `protocol` is
/// below all of them.
const FLOORS: [&[&str]; 7] = [
    &["game", "config", "telemetry"],
    &["journal", "guard", "post"],
    &["world", "websocket"],
    &["lobby", "cluster"],
    &["session", "ops", "web"],
    &["server"],
    &["cli", "main"],
];

/// Names that only one file may name, from the workspace's root.
const CONFINED: [(&str, &str); 3] = [
    ("bincode", "protocol/src/codec.rs"),
    ("actix_web_actors", "src/websocket/context.rs"),
    ("rustls", "src/guard/tls.rs"),
];

/// Who may name them as well: clients that speak TLS.
const EXEMPT: [&str; 2] = ["tests/harness/tls.rs", "client-sim/src/link.rs"];

/// Where our sources are.
const ROOTS: [&str; 8] = [
    "src",
    "protocol",
    "client-sim",
    "xtask",
    "tests",
    "examples",
    "benches",
    "fuzz",
];

#[test]
fn a_module_imports_only_from_floors_below_its_own() {
    let sources = sources(&["src"]);
    assert!(sources.len() > 10, "found only {sources:?}");
    let mut wrong = Vec::new();
    for path in sources {
        let relative = path.strip_prefix(root().join("src")).unwrap();
        let home = module_path(relative);
        // The crate's root is the map of the house and names every module.
        let Some(own) = home.first() else { continue };
        let Some(floor) = floor(own) else {
            wrong.push(format!("{}: {own} stands on no floor", path.display()));
            continue;
        };
        for imported in imports(&code(&path), &home) {
            let below = self::floor(&imported).is_none_or(|other| other < floor);
            if imported != *own && !below {
                wrong.push(format!("{}: imports {imported}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_that_may_change_lives_in_one_file() {
    for (name, home) in CONFINED {
        let home = root().join(home);
        let holders: Vec<_> = sources(&ROOTS)
            .into_iter()
            // This file has to name them to look for them.
            .filter(|path| !path.ends_with(file!()) && words(&code(path)).any(|word| word == name))
            .filter(|path| *path != home && !EXEMPT.iter().any(|file| path.ends_with(file)))
            .collect();
        assert!(holders.is_empty(), "{name} is also named in {holders:?}");
    }
}

#[test]
fn every_file_opens_with_a_module_doc() {
    let bare: Vec<_> = sources(&ROOTS)
        .into_iter()
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//! "))
        .collect();
    assert!(bare.is_empty(), "without a module doc: {bare:?}");
}

#[test]
fn imports_are_found_in_every_form() {
    let found = |text: &str, home: &[&str]| -> Vec<String> {
        let home: Vec<_> = home.iter().map(|part| (*part).to_owned()).collect();
        imports(&strip(text), &home).into_iter().collect()
    };
    let world = &["world", "core"][..];
    for (text, expected) in [
        ("use crate::game::Game;", &["game"][..]),
        (
            "use crate::{config::{self, Settings}, game::{A, B}, lobby};",
            &["config", "game", "lobby"],
        ),
        ("let x: crate::lobby::Enter = y;", &["lobby"]),
        ("use super::super::lobby::Enter;", &["lobby"]),
        ("use super::{inbox::Mail, outlet};", &["world"]),
        ("pub(crate) fn f() {}", &[]),
        ("// use crate::lobby;\n/// [`crate::cli`]", &[]),
        ("let x = \"crate::lobby\"; // crate::cli", &[]),
        ("use downbeat_protocol::Tick;", &[]),
    ] {
        assert_eq!(found(text, world), expected, "{text}");
    }
    assert_eq!(found("use super::lobby::Enter;", &["telemetry"]), ["lobby"]);
}

/// The floor a module stands on.
fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below these folders.
fn sources(folders: &[&str]) -> Vec<PathBuf> {
    let mut folders: Vec<_> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() && !path.ends_with("target") => folders.push(path),
                Some(extension) if extension == "rs" => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

/// `world/core.rs` is the module `world::core`, `lib.rs` the crate itself.
fn module_path(relative: &Path) -> Vec<String> {
    let path = relative.with_extension("");
    let mut parts: Vec<_> = path
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] {
        parts.pop();
    }
    parts
}

fn code(path: &Path) -> String {
    strip(&fs::read_to_string(path).unwrap())
}

/// The text without line comments and without what is quoted on one line.
fn strip(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        for (at, part) in line.split('"').enumerate().filter(|(at, _)| at % 2 == 0) {
            let comment = part.find("//");
            out.push_str(&part[..comment.unwrap_or(part.len())]);
            if comment.is_some() {
                break;
            }
            out.push_str(if at == 0 { "" } else { " " });
        }
        out.push('\n');
    }
    out
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// The top modules of this crate that the code of the module `home` names.
fn imports(code: &str, home: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        found.extend(heads(&code[at + "crate::".len()..]));
    }
    for (at, _) in code.match_indices("super::") {
        if code[..at].ends_with("super::") {
            continue;
        }
        let mut rest = &code[at..];
        let mut ups = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, ups) = (after, ups + 1);
        }
        match home.len().checked_sub(ups) {
            // `super` in a file's own test module does not leave the file.
            Some(0) | None => {
                found.extend(heads(rest).into_iter().filter(|head| floor(head).is_some()))
            }
            Some(_) => found.extend(home.first().cloned()),
        }
    }
    found
}

/// The first names of what follows `crate::`: one, or those of a group in braces.
fn heads(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else {
        return words(rest).next().into_iter().map(str::to_owned).collect();
    };
    let (mut heads, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                heads.extend(words(group[start..at].trim()).next().map(str::to_owned));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}
