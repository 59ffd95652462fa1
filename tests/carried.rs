//! Batches of messages over real sockets: each reaches the connection it is meant for, in
//! its turn, and no other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod harness;

use bytes::Bytes;
use downbeat::guard::Permits;
use downbeat::post::{Batch, Home, Item, Place};
use downbeat::telemetry::Telemetry;
use downbeat::websocket::{self, Hub, Io, Lane, Limits, Raw as Connection, Texts};
use futures_util::{FutureExt, StreamExt, stream};
use harness::raw::{BINARY, FIN};
use harness::{Raw, eventually};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What lies at an actor's end, without an actor.
#[derive(Default)]
struct Shelf(RefCell<VecDeque<Bytes>>);

impl Lane for Shelf {
    fn message(&self, _: &[u8], _: Instant) -> bool {
        true
    }

    fn poll_next(&self, is_stuck: bool, _: &mut Context<'_>) -> Poll<Bytes> {
        let next = (!is_stuck).then(|| self.0.borrow_mut().pop_front());
        next.flatten().map_or(Poll::Pending, Poll::Ready)
    }

    fn keep(&self, message: &[u8]) {
        self.0
            .borrow_mut()
            .push_back(Bytes::copy_from_slice(message));
    }
}

/// One thread of sockets.
struct Thread {
    hub: Hub,
    listener: TcpListener,
    telemetry: Arc<Telemetry>,
    home: Arc<Home>,
}

/// One connection: where it is, what ends it, and its peer.
struct Open {
    place: Place,
    shelf: Rc<Shelf>,
    end: oneshot::Sender<()>,
    peer: Raw,
}

impl Thread {
    async fn start() -> Self {
        Self {
            hub: Hub::default(),
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(),
            telemetry: Arc::new(Telemetry::new().unwrap()),
            home: Arc::default(),
        }
    }

    async fn open(&self, buffer: usize) -> Open {
        let address = self.listener.local_addr().unwrap();
        let receive_buffer = (buffer > 0).then_some(buffer as u32);
        let peer = Raw::open(address, receive_buffer).await;
        let (stream, peer_address) = self.listener.accept().await.unwrap();
        let permits = Permits::new(1, 1);
        let limits = Limits {
            max_message: 1000,
            texts: Texts::Refused,
            reads_while_stuck: true,
            write_timeout: Duration::from_secs(60),
            kernel_timeout: Duration::from_secs(60),
            send_buffer: buffer,
        };
        let connection = Connection {
            io: Io::from(stream),
            first: Bytes::new(),
            peer: peer_address,
        };
        let (end, ended) = oneshot::channel();
        let shelf = Rc::new(Shelf::default());
        let mut found = None;
        let permit = permits.acquire(peer_address.ip()).unwrap();
        let telemetry = Arc::clone(&self.telemetry);
        websocket::open(
            &self.hub,
            connection,
            telemetry,
            limits,
            permit,
            |_, _, place| {
                found = Some(place);
                let actor = stream::pending().take_until(ended.map(drop));
                (actor, Some(Rc::clone(&shelf) as Rc<dyn Lane>))
            },
        )
        .unwrap();
        Open {
            place: found.unwrap(),
            shelf,
            end,
            peer,
        }
    }

    fn batch(&self) -> Box<Batch> {
        Batch::new(&self.home)
    }

    /// Sends a batch; which of its messages were kept.
    async fn carry(&self, batch: Box<Batch>, post: &Place) -> Vec<bool> {
        post.post.put(Item::Batch(batch));
        let mut kept = None;
        eventually("the batch is back", || {
            if let Some(batch) = self.home.take() {
                kept = Some(batch.letters().map(|(letter, _)| letter.is_kept).collect());
            }
            kept.is_some()
        })
        .await;
        kept.unwrap()
    }
}

fn write(batch: &mut Batch, to: &Open, is_behind: bool, message: &[u8]) {
    let written: Result<(), ()> = batch.write(&to.place, 0, is_behind, |bytes| {
        bytes.extend_from_slice(message);
        Ok(())
    });
    written.unwrap();
}

/// The next frame, which is a whole binary message.
async fn heard(open: &mut Open) -> Vec<u8> {
    let (first, payload) = open.peer.next().await.unwrap();
    assert_eq!(first, FIN | BINARY);
    payload
}

#[actix_rt::test]
async fn each_gets_his_own_in_the_order_of_the_batches() {
    let thread = Thread::start().await;
    let mut ada = thread.open(0).await;
    let mut ben = thread.open(0).await;
    for round in 0..3 {
        let mut batch = thread.batch();
        write(&mut batch, &ada, false, &[round; 100]);
        write(&mut batch, &ben, false, &[round; 200]);
        write(&mut batch, &ada, false, &[]);
        assert_eq!(thread.carry(batch, &ada.place).await, [false; 3]);
    }
    for round in 0..3 {
        assert_eq!(heard(&mut ada).await, [round; 100]);
        assert!(heard(&mut ada).await.is_empty());
        assert_eq!(heard(&mut ben).await, [round; 200]);
    }
}

#[actix_rt::test]
async fn what_was_laid_down_before_goes_first() {
    let thread = Thread::start().await;
    let mut ada = thread.open(0).await;
    ada.shelf.keep(b"an event");
    let mut batch = thread.batch();
    write(&mut batch, &ada, true, b"a snapshot");
    assert_eq!(thread.carry(batch, &ada.place).await, [true]);
    assert_eq!(heard(&mut ada).await, b"an event");
    assert_eq!(heard(&mut ada).await, b"a snapshot");
}

#[actix_rt::test]
async fn nobody_hears_what_was_for_the_one_before_him() {
    let thread = Thread::start().await;
    let _other = thread.open(0).await;
    let ada = thread.open(0).await;
    let Open {
        place, end, peer, ..
    } = ada;
    drop(peer);
    end.send(()).unwrap();
    eventually("she is gone", || thread.telemetry.sockets.get() == 1).await;
    let mut ben = thread.open(0).await;
    assert_eq!(place.key, ben.place.key, "he has her seat");
    let mut batch = thread.batch();
    let written: Result<(), ()> = batch.write(&place, 0, false, |bytes| {
        bytes.extend_from_slice(b"for ada");
        Ok(())
    });
    written.unwrap();
    write(&mut batch, &ben, false, b"for ben");
    assert_eq!(thread.carry(batch, &place).await, [false, false]);
    assert_eq!(heard(&mut ben).await, b"for ben");
}

#[actix_rt::test]
async fn a_stuck_socket_keeps_one_and_is_given_it_when_it_moves() {
    let thread = Thread::start().await;
    let mut ada = thread.open(4096).await;
    let mut sent = 0;
    loop {
        let mut batch = thread.batch();
        write(&mut batch, &ada, false, &[sent; 20_000]);
        sent += 1;
        if thread.carry(batch, &ada.place).await == [true] {
            break;
        }
        assert!(sent < 200, "it is never stuck");
    }
    assert_eq!(ada.shelf.0.borrow().len(), 1);
    for expected in 0..sent {
        assert_eq!(heard(&mut ada).await, [expected; 20_000]);
    }
}
