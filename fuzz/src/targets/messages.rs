//! A client's message.
//!
//! Checked: what can be decoded is the same after encoding and decoding it again; what
//! is taken as a hello is one; a name is short and printable.

use super::Start;
use crate::corpus;
use anyhow::Result;
use downbeat::session::inbound;
use downbeat_protocol::arena::{ArenaWire, Input};
use downbeat_protocol::{ClientMessage, codec};

pub(super) fn start() -> Result<Start> {
    Ok((corpus::messages("client")?, Box::new(check)))
}

fn check(case: &[u8]) {
    let hello = inbound::hello::<ArenaWire>(case);
    let Ok(message) = inbound::message::<ArenaWire>(case) else {
        assert!(hello.is_err(), "a hello is a message");
        return;
    };
    let again = codec::encode(&message).expect("it came from bytes");
    let decoded: ClientMessage<Input> = codec::decode(&again).expect("its own bytes");
    assert_eq!(decoded, message);
    if let Ok((hello, _)) = hello {
        let name = inbound::clean_name(&hello.name);
        assert!(name.len() <= inbound::MAX_NAME && !name.contains(char::is_control));
        if let Ok(room) = inbound::room(None, &hello.room) {
            assert!(room.is_empty() || inbound::is_room_name(&room));
        }
    }
}
