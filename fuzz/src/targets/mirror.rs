//! A server's message, as a client reads it: a snapshot is applied to a mirror.
//!
//! Checked: what was decoded is the same bytes however often it is encoded; the same snapshot does the same twice; what is shown afterwards has a
//! checksum, and no more in it than was there and came.

use super::Start;
use crate::corpus;
use anyhow::Result;
use downbeat_protocol::arena::ArenaWire;
use downbeat_protocol::{ServerMessage, codec};

pub(super) fn start() -> Result<Start> {
    let (mirrors, snapshots): (Vec<_>, Vec<_>) = corpus::mirrors()?.into_iter().unzip();
    // The first two bytes of a case say which mirror it is meant for.
    let meant = |(n, bytes): (usize, Vec<u8>)| [&(n as u16).to_le_bytes()[..], &bytes].concat();
    let others = corpus::messages("server")?
        .into_iter()
        .map(|bytes| (0, bytes));
    let corpus = snapshots.into_iter().enumerate().chain(others).map(meant);
    let corpus = corpus.collect();
    let check = move |case: &[u8]| {
        let Some((which, bytes)) = case.split_first_chunk() else {
            return;
        };
        let Ok(message) = codec::decode::<ServerMessage<ArenaWire>>(bytes) else {
            return;
        };
        let again = codec::encode(&message).expect("it came from bytes");
        let decoded: ServerMessage<ArenaWire> = codec::decode(&again).expect("its own bytes");
        // Not the same as the first: bytes can say what is out of range, such as a
        // velocity of −32,768, and writing clamps.
        assert_eq!(codec::encode(&decoded).as_ref(), Ok(&again));
        let ServerMessage::Snapshot(snapshot) = message else {
            return;
        };
        let base = &mirrors[usize::from(u16::from_le_bytes(*which)) % mirrors.len()];
        let (mut one, mut other) = (base.clone(), base.clone());
        let outcome = one.apply(snapshot.clone());
        assert_eq!(outcome, other.apply(snapshot), "the same twice");
        let sum = one.checksum().expect("what is shown can be encoded");
        assert_eq!(Ok(sum), other.checksum());
        // Each entity that came was at least one byte.
        let most = base.entities().count() + bytes.len();
        assert!(one.entities().count() <= most);
    };
    Ok((corpus, Box::new(check)))
}
