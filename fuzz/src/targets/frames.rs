//! Bytes of a socket, on their way to whole messages.
//!
//! Checked: the verdict does not depend on how the bytes are cut; what the scanner
//! lets pass the parser behind it can read, and the assembler finds nothing wrong with
//! but too many empty fragments; no message is larger than the limit.

use super::Start;
use crate::corpus;
use actix_codec::Decoder;
use actix_http::ws::{Codec, Frame, Message};
use anyhow::Result;
use bytes::BytesMut;
use bytestring::ByteString;
use downbeat::websocket::{Assembler, Scan, Scanner, Texts, Whole};
use downbeat_protocol::Reason;

/// Bytes of a message at most: few, so that cases reach it.
const LIMIT: usize = 300;
const CHUNKS: [usize; 4] = [1, 2, 7, 64];

pub(super) fn start() -> Result<Start> {
    let mut corpus = Vec::new();
    for message in corpus::messages("client")? {
        let (left, right) = message.split_at(message.len() / 2);
        let parts = [frame(2, left), frame(0x89, b"?"), frame(0x80, right)];
        corpus.push([frame(0x82, &message), frame(0x82, &message)].concat());
        corpus.push(parts.concat());
    }
    corpus.push([frame(1, "grü".as_bytes()), frame(0x80, "ße😀".as_bytes())].concat());
    corpus.push([frame(0x8A, b""), frame(0x88, &[3, 232, b'x'])].concat());
    corpus.push(frame(0x88, b""));
    corpus.push(frame(0x82, &[7; LIMIT]));
    // The first byte of a case says how it is read.
    let corpus = corpus.into_iter().enumerate();
    let corpus = corpus.map(|(n, bytes)| [vec![n as u8], bytes].concat());
    Ok((corpus.collect(), Box::new(check)))
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut out = vec![first];
    if payload.len() < 126 {
        out.push(0x80 | payload.len() as u8);
    } else {
        out.push(0x80 | 126);
        out.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    }
    out.extend_from_slice(&key);
    let masked = payload.iter().zip(key.iter().cycle());
    out.extend(masked.map(|(byte, key)| byte ^ key));
    out
}

/// Where each frame ends, and why there are no more.
fn scan(bytes: &[u8], chunk: usize, texts: Texts) -> (Vec<usize>, Option<Result<(), Reason>>) {
    let mut scanner = Scanner::new(LIMIT, texts);
    let (mut ends, mut begin) = (Vec::new(), 0);
    for chunk in bytes.chunks(chunk) {
        let mut used = 0;
        while used < chunk.len() {
            match scanner.scan(&chunk[used..]) {
                Ok(Scan::Part) => break,
                Ok(Scan::Frame(more)) => {
                    assert!(more > 0, "it comes forward");
                    used += more;
                    ends.push(begin + used);
                }
                Ok(Scan::Close(more)) => {
                    ends.push(begin + used + more);
                    return (ends, Some(Ok(())));
                }
                Err(reason) => return (ends, Some(Err(reason))),
            }
        }
        begin += chunk.len();
    }
    (ends, None)
}

fn check(case: &[u8]) {
    let Some((how, bytes)) = case.split_first() else {
        return;
    };
    let texts = if how & 1 == 0 {
        Texts::Taken
    } else {
        Texts::Refused
    };
    let chunk = CHUNKS[usize::from(how >> 1) % CHUNKS.len()];
    let verdict = scan(bytes, chunk, texts);
    assert_eq!(verdict, scan(bytes, usize::MAX, texts), "cut differently");

    let (mut codec, mut assembler) = (Codec::new().max_size(LIMIT), Assembler::new(LIMIT));
    let mut begin = 0;
    for end in verdict.0 {
        let mut bytes = BytesMut::from(&bytes[begin..end]);
        begin = end;
        let frame = codec.decode(&mut bytes).expect("what passed can be read");
        let frame = frame.expect("it is whole");
        assert!(bytes.is_empty(), "no more than one frame");
        match assembler.push(message(frame)) {
            Ok(Some(Whole::Binary(bytes))) => assert!(bytes.len() <= LIMIT),
            Ok(Some(Whole::Text(text))) => {
                assert!(text.len() <= LIMIT && texts == Texts::Taken);
            }
            Ok(_) => {}
            Err(reason) => {
                assert_eq!(reason, Reason::Flood);
                return;
            }
        }
    }
}

/// As the context makes it.
fn message(frame: Frame) -> Message {
    match frame {
        Frame::Text(bytes) => Message::Text(ByteString::try_from(bytes).expect("it was judged")),
        Frame::Binary(bytes) => Message::Binary(bytes),
        Frame::Continuation(item) => Message::Continuation(item),
        Frame::Ping(bytes) => Message::Ping(bytes),
        Frame::Pong(bytes) => Message::Pong(bytes),
        Frame::Close(reason) => Message::Close(reason),
    }
}
