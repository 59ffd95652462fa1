//! `docs/protocol.md` says what the code does: its hex is the golden bytes, its
//! table of close codes is `Reason`, its numbers are the constants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use downbeat_protocol::arena::ArenaWire;
use downbeat_protocol::codec::DECODE_LIMIT;
use downbeat_protocol::message::schema_hash;
use downbeat_protocol::mirror::MAX_ELAPSED;
use downbeat_protocol::reason::Comeback;
use downbeat_protocol::{PROTOCOL_VERSION, Reason, SUBPROTOCOL};
use std::path::Path;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    std::fs::read_to_string(path).unwrap()
}

/// The blocks marked as hex: the golden file's name and the bytes.
fn blocks(page: &str) -> Vec<(String, Vec<u8>)> {
    page.split("```hex ")
        .skip(1)
        .map(|block| {
            let block = block.split("```").next().unwrap();
            let (file, lines) = block.split_once('\n').unwrap();
            let bytes = lines
                .lines()
                .filter_map(|line| line.split(';').next())
                .flat_map(str::split_whitespace)
                .map(|byte| u8::from_str_radix(byte, 16).unwrap())
                .collect();
            (file.trim().to_owned(), bytes)
        })
        .collect()
}

#[test]
fn the_examples_are_golden_bytes() {
    let page = page();
    let blocks = blocks(&page);
    assert_eq!(blocks.len(), 2, "a hello and a snapshot");
    for (file, bytes) in blocks {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden")
            .join(&file);
        assert_eq!(bytes, std::fs::read(golden).unwrap(), "{file}");
    }
}

#[test]
fn every_close_code_is_in_the_table() {
    let page = page();
    let rows = page.lines().filter(|line| {
        let code = line.split('|').nth(1).unwrap_or_default().trim();
        code.len() == 4 && code.parse::<u16>().is_ok()
    });
    assert_eq!(
        rows.count(),
        Reason::ALL.len(),
        "a row for each and no other"
    );
    for reason in Reason::ALL {
        let comeback = match reason.comeback() {
            Comeback::Retry => "yes",
            Comeback::Stay => "no",
        };
        let start = format!("| {} | `{}` | ", reason.code(), reason.label());
        let row = page.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("no row for {reason}"));
        assert!(
            row.ends_with(&format!("| {comeback} |")),
            "{reason} comes back: {comeback}"
        );
        assert_eq!(
            row.contains("Never sent"),
            !reason.is_sent(),
            "{reason} is sent"
        );
    }
}

#[test]
fn its_numbers_are_the_constants() {
    let page = page();
    for said in [
        format!("subprotocol `{SUBPROTOCOL}`"),
        format!("| version | `u16` | {PROTOCOL_VERSION}. "),
        format!("`{:#x}` for `arena/1`", schema_hash::<ArenaWire>()),
        format!("elapsed > {MAX_ELAPSED} is an error"),
        format!("decoded size of one message | {} MiB", DECODE_LIMIT >> 20),
    ] {
        assert!(page.contains(&said), "the page does not say: {said}");
    }
}
