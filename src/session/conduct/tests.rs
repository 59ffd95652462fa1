//! A session's life, driven by hand.

use super::*;
use crate::world::{Mail, MemberLink, Outgoing};
use downbeat_protocol::arena::{ArenaWire, Input};
use downbeat_protocol::message::{Hello, schema_hash};
use downbeat_protocol::{PROTOCOL_VERSION, Seq, Tick};
use std::net::Ipv4Addr;
use std::task::Waker;

type Arena = Conduct<ArenaWire>;
type ArenaStep = Step<Input>;

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn conduct(now: Instant) -> Arena {
    Conduct::new(Arc::default(), Arc::default(), None, ADDRESS, None, now)
}

fn binary(message: &ClientMessage<Input>) -> Message {
    Message::Binary(codec::encode(message).unwrap().into())
}

fn hello() -> Message {
    binary(&ClientMessage::Hello(Hello {
        version: PROTOCOL_VERSION,
        schema: schema_hash::<ArenaWire>(),
        room: "duel".into(),
        name: "  ada\u{7}".into(),
        token: None,
        resume: None,
    }))
}

fn ping(nonce: u32) -> Message {
    binary(&ClientMessage::Ping {
        nonce,
        received: Tick(7),
    })
}

fn input(seq: u32) -> Message {
    binary(&ClientMessage::Input {
        seq: Seq(seq),
        tick: Tick(9),
        received: Tick(8),
        input: Input::default(),
    })
}

/// A session that said hello, and the room's end of its link.
fn playing(now: Instant) -> (Arena, MemberLink<Input>) {
    let mut conduct = conduct(now);
    match conduct.frame(hello(), now) {
        Step::Enter(enter) => (conduct, enter.link),
        step => panic!("not let in: {step:?}"),
    }
}

fn fetch(link: &MemberLink<Input>) -> Mail<Input> {
    let mut mail = Mail::default();
    link.swap(&mut mail);
    mail
}

/// The reason and close code of an end.
fn ended(step: ArenaStep) -> Option<(Reason, u16)> {
    match step {
        Step::End(reason, last) => match last.last() {
            Some(Message::Close(Some(close))) => Some((reason, close.code.into())),
            Some(Message::Close(None)) => Some((reason, 1005)),
            _ => Some((reason, 1006)),
        },
        _ => None,
    }
}

#[test]
fn a_good_hello_enters_with_a_clean_name() {
    let now = Instant::now();
    let Step::Enter(enter) = conduct(now).frame(hello(), now) else {
        panic!("not let in");
    };
    assert_eq!(enter.room, "duel");
    assert_eq!(enter.profile.name, "ada");
}

#[test]
fn nothing_but_a_hello_is_taken_first_and_none_after() {
    let now = Instant::now();
    for early in [
        ping(1),
        input(1),
        Message::Binary(Bytes::from_static(&[77])),
    ] {
        let end = ended(conduct(now).frame(early, now));
        assert_eq!(end, Some((Reason::BadMessage, 4001)));
    }
    let (mut conduct, _link) = playing(now);
    let end = ended(conduct.frame(hello(), now));
    assert_eq!(end, Some((Reason::BadMessage, 4001)), "a second hello");
}

#[test]
fn inputs_and_pings_reach_the_room() {
    let now = Instant::now();
    let (mut conduct, link) = playing(now);
    assert!(matches!(conduct.frame(input(3), now), Step::Nothing));
    let mail = fetch(&link);
    assert_eq!(mail.inputs[0].seq, Seq(3));
    assert_eq!(mail.received, Some(Tick(8)));

    let pong = codec::encode(&ServerMessage::<ArenaWire>::Pong { nonce: 5 }).unwrap();
    match conduct.frame(ping(5), now) {
        Step::Send(message) => assert_eq!(message, Message::Binary(pong.into())),
        step => panic!("no pong: {step:?}"),
    }
    assert_eq!(fetch(&link).received, Some(Tick(7)));
}

#[test]
fn a_peers_close_is_answered_with_its_code_and_only_1000_is_a_farewell() {
    let now = Instant::now();
    let close = |code| Some(CloseReason::from(code));
    for (close, code, leave) in [
        (close(CloseCode::Normal), 1000, Leave::Gone),
        (close(CloseCode::Away), 1001, Leave::Quiet),
        (close(CloseCode::Other(4321)), 4321, Leave::Quiet),
        (None, 1005, Leave::Quiet),
    ] {
        let (mut conduct, link) = playing(now);
        let end = ended(conduct.frame(Message::Close(close), now));
        assert_eq!(end, Some((Reason::Left, code)));
        assert_eq!(fetch(&link).leave, Some(leave));
    }
}

#[test]
fn every_other_end_is_a_lost_link_to_the_room() {
    let now = Instant::now();
    for reason in [Reason::LinkLost, Reason::ProtocolError, Reason::Flood] {
        let (mut conduct, link) = playing(now);
        let code = if reason.is_sent() {
            reason.code()
        } else {
            1006
        };
        assert_eq!(ended(conduct.end(reason)), Some((reason, code)));
        assert_eq!(fetch(&link).leave, Some(Leave::Quiet), "{reason}");
    }
}

#[test]
fn there_is_one_end_and_nothing_after_it() {
    let now = Instant::now();
    let (mut conduct, _link) = playing(now);
    assert!(matches!(conduct.end(Reason::Kicked), Step::End(..)));
    assert!(matches!(conduct.end(Reason::Flood), Step::Nothing));
    assert!(matches!(conduct.frame(ping(1), now), Step::Nothing));
    let closed = conduct.frame(Message::Close(None), now);
    assert!(matches!(closed, Step::Nothing), "it answers our own close");
}

#[test]
fn a_bye_tells_the_same_as_the_close_and_fits() {
    let end = End {
        reason: Reason::Kicked,
        text: Some("ü".repeat(100)),
        retry_after_ms: Some(5),
    };
    let Step::End(_, last) = conduct(Instant::now()).end(end) else {
        panic!("no end");
    };
    let [Message::Binary(bye), Message::Close(Some(close))] = &last[..] else {
        panic!("not a bye and a close: {last:?}");
    };
    let expected = ServerMessage::<ArenaWire>::Bye {
        code: 4011,
        text: "ü".repeat(100),
        retry_after_ms: Some(5),
    };
    assert_eq!(codec::decode::<ServerMessage<ArenaWire>>(bye), Ok(expected));
    assert_eq!(close.description, Some("ü".repeat(61)), "122 of 123 bytes");
}

#[test]
fn the_rate_counts_frames_and_a_close_is_free() {
    let now = Instant::now();
    let (mut conduct, _link) = playing(now);
    // Twice 30 Hz, 20 beyond, one spent on the hello.
    for _ in 0..79 {
        assert!(matches!(
            conduct.frame(Message::Ping(Bytes::new()), now),
            Step::Send(_)
        ));
    }
    let (mut other, _other_link) = playing(now);
    for seq in 0..79 {
        assert!(matches!(other.frame(input(seq), now), Step::Nothing));
    }
    let step = conduct.frame(input(1), now);
    assert!(matches!(step, Step::Dropped { first: true }));
    let step = conduct.frame(input(2), now);
    assert!(matches!(step, Step::Dropped { first: false }));
    let end = ended(other.frame(Message::Close(None), now));
    assert_eq!(end, Some((Reason::Left, 1005)));
}

#[test]
fn too_much_does_not_tear_a_message_apart() {
    let now = Instant::now();
    let (mut conduct, link) = playing(now);
    let Message::Binary(whole) = input(7) else {
        panic!("a binary message")
    };
    let first = Message::Continuation(Item::FirstBinary(whole.slice(..3)));
    assert!(matches!(conduct.frame(first, now), Step::Nothing));
    while matches!(
        conduct.frame(Message::Ping(Bytes::new()), now),
        Step::Send(_)
    ) {}
    // A fragment too many, and then there is room again for the last.
    let more = Message::Continuation(Item::Continue(whole.slice(3..5)));
    assert!(matches!(conduct.frame(more, now), Step::Dropped { .. }));
    let last = Message::Continuation(Item::Last(whole.slice(5..)));
    let later = now + Duration::from_secs(1);
    assert!(matches!(conduct.frame(last, later), Step::Nothing));
    assert_eq!(fetch(&link).inputs[0].seq, Seq(7));
}

#[test]
fn waiting_and_silence_have_their_time() {
    let (start, second) = (Instant::now(), Duration::from_secs(1));
    let mut waiting = conduct(start);
    assert_eq!(waiting.watch(start + 4 * second).unwrap_err(), second);
    let end = waiting.watch(start + 5 * second).map(ended);
    assert_eq!(end, Ok(Some((Reason::HelloTimeout, 4000))));

    let (mut conduct, _link) = playing(start);
    conduct.frame(ping(1), start + 10 * second);
    assert_eq!(conduct.watch(start + 20 * second).unwrap_err(), 10 * second);
    let end = conduct.watch(start + 30 * second).map(ended);
    assert_eq!(end, Ok(Some((Reason::Silent, 4009))));
}

#[test]
fn a_room_that_drops_its_end_has_failed() {
    for is_stuck in [false, true] {
        let (mut conduct, link) = playing(Instant::now());
        assert_eq!(poll_room(&mut conduct, is_stuck), Poll::Pending);
        drop(link);
        let end = Outgoing::End(Reason::RoomFailed.into());
        assert_eq!(poll_room(&mut conduct, is_stuck), Poll::Ready(end));
        assert_eq!(poll_room(&mut conduct, is_stuck), Poll::Pending, "once");
    }
}

#[test]
fn a_stuck_socket_is_given_nothing_but_the_end() {
    let (mut conduct, link) = playing(Instant::now());
    let message = Bytes::from_static(b"snapshot");
    link.snapshot(message.clone());
    assert_eq!(poll_room(&mut conduct, true), Poll::Pending);
    assert!(!link.is_free(), "it lies there until it is taken");
    let taken = poll_room(&mut conduct, false);
    assert_eq!(taken, Poll::Ready(Outgoing::Message(message.clone())));
    link.snapshot(message);
    link.end(Reason::Kicked);
    let end = Outgoing::End(Reason::Kicked.into());
    assert_eq!(poll_room(&mut conduct, true), Poll::Ready(end));
}

fn poll_room(conduct: &mut Arena, is_stuck: bool) -> Poll<Outgoing> {
    conduct.poll_room(is_stuck, &mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_lane_takes_inputs_and_nothing_else() {
    let now = Instant::now();
    let bytes = |message: Message| match message {
        Message::Binary(bytes) => bytes,
        other => panic!("not binary: {other:?}"),
    };
    assert!(!conduct(now).input(&bytes(input(1)), now), "before a hello");
    let (mut conduct, link) = playing(now);
    for other in [hello(), ping(1), Message::Binary(Bytes::from_static(&[77]))] {
        assert!(!conduct.input(&bytes(other), now));
    }
    assert_eq!(fetch(&link), Mail::default(), "nothing came of it");
    let later = now + Duration::from_secs(9);
    assert!(conduct.input(&bytes(input(3)), later));
    let mail = fetch(&link);
    assert_eq!((mail.inputs[0].seq, mail.received), (Seq(3), Some(Tick(8))));
    assert!(conduct.watch(later).is_err(), "it was heard");

    // What is beyond the rate is not the lane's, and costs nothing there.
    while conduct.input(&bytes(input(4)), later) {}
    let step = conduct.frame(input(5), later);
    assert!(matches!(step, Step::Dropped { first: true }));

    conduct.end(Reason::Kicked);
    assert!(!conduct.input(&bytes(input(9)), later), "after the end");
}
