//! Every rule of the scanner, as a table.

use super::*;

const LIMIT: usize = 1000;

/// What a peer's bytes come to: how many frames, then how it went on.
fn verdict(bytes: &[u8], chunk: usize, texts: Texts) -> (usize, Result<&'static str, Reason>) {
    let mut scanner = Scanner::new(LIMIT, texts);
    let mut frames = 0;
    for chunk in bytes.chunks(chunk) {
        let mut rest = chunk;
        while !rest.is_empty() {
            match scanner.scan(rest) {
                Ok(Scan::Part) => rest = &[],
                Ok(Scan::Frame(used)) => {
                    frames += 1;
                    rest = &rest[used..];
                }
                Ok(Scan::Close(_)) => return (frames, Ok("closed")),
                Err(reason) => return (frames, Err(reason)),
            }
        }
    }
    (frames, Ok("open"))
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [7, 77, 177, 250];
    let mut out = vec![first];
    match payload.len() {
        length @ 0..=125 => out.push(MASK | length as u8),
        length => {
            out.push(MASK | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(&key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    out
}

fn announced(first: u8, length: u64) -> Vec<u8> {
    let mut out = vec![first, MASK | 127];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out
}

fn close(code: u16, text: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), text].concat())
}

/// A name, a peer's bytes, the whole frames before the outcome, the outcome.
type Case = (&'static str, Vec<u8>, usize, Result<&'static str, Reason>);

#[test]
fn every_rule_has_its_verdict_however_the_bytes_are_cut() {
    use Reason::{InvalidUtf8, ProtocolError, TextRefused, TooLarge};
    let binary = FIN | BINARY;
    let mut unmasked = frame(binary, b"x");
    unmasked[1] &= !MASK;
    let cases: Vec<Case> = vec![
        ("nothing", vec![], 0, Ok("open")),
        ("binary", frame(binary, b"hello"), 1, Ok("open")),
        ("empty binary", frame(binary, b""), 1, Ok("open")),
        ("half a header", vec![binary], 0, Ok("open")),
        ("at the limit", frame(binary, &[0; LIMIT]), 1, Ok("open")),
        (
            "above the limit",
            frame(binary, &[0; LIMIT + 1]),
            0,
            Err(TooLarge),
        ),
        (
            "announced 2 GiB",
            announced(binary, 2 << 30),
            0,
            Err(TooLarge),
        ),
        (
            "announced 2⁶³ − 1",
            announced(binary, (1 << 63) - 1),
            0,
            Err(TooLarge),
        ),
        (
            "announced 2⁶³",
            announced(binary, 1 << 63),
            0,
            Err(ProtocolError),
        ),
        (
            "small length in eight bytes",
            [announced(binary, 2), vec![1, 2]].concat(),
            1,
            Ok("open"),
        ),
        ("text", frame(FIN | TEXT, b"hi"), 0, Err(TextRefused)),
        ("fragmented text", frame(TEXT, b"hi"), 0, Err(TextRefused)),
        ("unmasked", unmasked, 0, Err(ProtocolError)),
        ("rsv1", frame(binary | 0x40, b""), 0, Err(ProtocolError)),
        ("rsv2", frame(binary | 0x20, b""), 0, Err(ProtocolError)),
        ("rsv3", frame(binary | 0x10, b""), 0, Err(ProtocolError)),
        (
            "reserved data opcode",
            frame(FIN | 3, b""),
            0,
            Err(ProtocolError),
        ),
        (
            "reserved control opcode",
            frame(FIN | 11, b""),
            0,
            Err(ProtocolError),
        ),
        ("ping", frame(FIN | PING, &[0; 125]), 1, Ok("open")),
        ("pong", frame(FIN | PONG, b""), 1, Ok("open")),
        (
            "long ping",
            frame(FIN | PING, &[0; 126]),
            0,
            Err(ProtocolError),
        ),
        ("fragmented ping", frame(PING, b""), 0, Err(ProtocolError)),
        ("fragmented close", frame(CLOSE, b""), 0, Err(ProtocolError)),
        (
            "fragments with a ping in between",
            [
                frame(BINARY, b"a"),
                frame(FIN | PING, b"p"),
                frame(0, b"b"),
                frame(FIN, b"c"),
            ]
            .concat(),
            4,
            Ok("open"),
        ),
        (
            "continuation of nothing",
            frame(FIN, b"a"),
            0,
            Err(ProtocolError),
        ),
        (
            "continuation after the end",
            [frame(BINARY, b"a"), frame(FIN, b"b"), frame(FIN, b"c")].concat(),
            2,
            Err(ProtocolError),
        ),
        (
            "a beginning within a message",
            [frame(BINARY, b"a"), frame(binary, b"b")].concat(),
            1,
            Err(ProtocolError),
        ),
        (
            "text within a message",
            [frame(BINARY, b"a"), frame(FIN | TEXT, b"b")].concat(),
            1,
            Err(ProtocolError),
        ),
        (
            "fragments above the limit together",
            [frame(BINARY, &[0; 600]), frame(FIN, &[0; 401])].concat(),
            1,
            Err(TooLarge),
        ),
        (
            "two messages at the limit",
            [frame(binary, &[0; LIMIT]), frame(binary, &[0; LIMIT])].concat(),
            2,
            Ok("open"),
        ),
        (
            "close without a code",
            frame(FIN | CLOSE, b""),
            0,
            Ok("closed"),
        ),
        ("close with a code", close(1000, b""), 0, Ok("closed")),
        (
            "close with a text",
            close(4001, "grüße".as_bytes()),
            0,
            Ok("closed"),
        ),
        (
            "close within a message",
            [frame(BINARY, b"a"), close(1000, b"")].concat(),
            1,
            Ok("closed"),
        ),
        (
            "close, then rubbish",
            [close(1000, b""), vec![0xFF; 9]].concat(),
            0,
            Ok("closed"),
        ),
        (
            "close with one byte",
            frame(FIN | CLOSE, &[3]),
            0,
            Err(ProtocolError),
        ),
        (
            "close with bad utf-8",
            close(1000, &[0xC3]),
            0,
            Err(InvalidUtf8),
        ),
        ("close with 999", close(999, b""), 0, Err(ProtocolError)),
        ("close with 1004", close(1004, b""), 0, Err(ProtocolError)),
        ("close with 1005", close(1005, b""), 0, Err(ProtocolError)),
        ("close with 1006", close(1006, b""), 0, Err(ProtocolError)),
        ("close with 1015", close(1015, b""), 0, Err(ProtocolError)),
        ("close with 2999", close(2999, b""), 0, Err(ProtocolError)),
        ("close with 5000", close(5000, b""), 0, Err(ProtocolError)),
        (
            "long close",
            frame(FIN | CLOSE, &[3; 126]),
            0,
            Err(ProtocolError),
        ),
    ];
    for (name, bytes, frames, outcome) in &cases {
        for chunk in [1, 2, 3, 5, 8, 4096] {
            let seen = verdict(bytes, chunk, Texts::Refused);
            assert_eq!(seen, (*frames, *outcome), "{name}, in chunks of {chunk}");
        }
    }
}

#[test]
fn text_is_judged_to_the_byte_where_it_is_taken() {
    use Reason::{InvalidUtf8, ProtocolError};
    let text = FIN | TEXT;
    let cases: Vec<Case> = vec![
        ("text", frame(text, "grüße".as_bytes()), 1, Ok("open")),
        ("empty", frame(text, b""), 1, Ok("open")),
        (
            "a character over three fragments, with a ping in between",
            [
                frame(TEXT, b"\xE2"),
                frame(FIN | PING, b"\xFF"),
                frame(0, b"\x82"),
                frame(FIN, b"\xAC"),
            ]
            .concat(),
            4,
            Ok("open"),
        ),
        (
            "an unfinished character at the end",
            frame(text, b"a\xE2\x82"),
            0,
            Err(InvalidUtf8),
        ),
        (
            "an unfinished character at the end of the last fragment",
            [frame(TEXT, b"a\xE2"), frame(FIN, b"")].concat(),
            1,
            Err(InvalidUtf8),
        ),
        (
            "a bad byte, long before the frame's end",
            [announced(text, 900), vec![0xFF]].concat(),
            0,
            Err(InvalidUtf8),
        ),
        (
            "a bad byte in a continuation",
            [frame(TEXT, b"ok"), frame(0, b"\xFF")].concat(),
            1,
            Err(InvalidUtf8),
        ),
        (
            "binary after text need not be text",
            [frame(text, b"a"), frame(FIN | BINARY, b"\xFF")].concat(),
            2,
            Ok("open"),
        ),
        (
            "binary in fragments need not be text",
            [frame(BINARY, b"\xFF"), frame(FIN, b"\xFF")].concat(),
            2,
            Ok("open"),
        ),
        (
            "text within text",
            [frame(TEXT, b"a"), frame(text, b"b")].concat(),
            1,
            Err(ProtocolError),
        ),
    ];
    for (name, bytes, frames, outcome) in &cases {
        for chunk in [1, 2, 3, 5, 8, 4096] {
            let seen = verdict(bytes, chunk, Texts::Taken);
            assert_eq!(seen, (*frames, *outcome), "{name}, in chunks of {chunk}");
        }
    }
}
