//! What rooms hand to the threads that own the sockets: batches of messages, and bells.
//!
//! A room writes what it has for all connections of a thread into one [`Batch`], message
//! after message, and hands it over at once: there is no allocation, no lock and no
//! wake-up per message. Whoever has something for a single connection rings. There is one
//! [`Post`] per thread; it knows neither rooms nor sockets, and carries on nothing: what
//! it has lies here until the thread takes it.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Bytes before each message of a batch that are free for a frame's header: a server's
/// have at most so many (RFC 6455 section 5.2).
pub const HEADROOM: usize = 10;

/// Emptied batches that are kept for the next ticks.
const MAX_SPARE: usize = 16;

/// Where a connection is found.
#[derive(Clone, Debug)]
pub struct Place {
    /// The post of its thread.
    pub post: Arc<Post>,
    /// Which one it is among the connections there are.
    pub key: usize,
    /// Which one it is among those that have had the key.
    pub number: u32,
}

/// Messages for connections of one thread.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

/// Whom a message is for, and where it ends.
#[derive(Debug)]
struct Part {
    key: usize,
    number: u32,
    end: usize,
}

impl Batch {
    /// Appends a message for the connection at `place`: what `write` appends.
    ///
    /// # Errors
    /// Those of `write`; the batch is then of no use.
    pub fn write<E>(
        &mut self,
        place: &Place,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.bytes.extend_from_slice(&[0; HEADROOM]);
        write(&mut self.bytes)?;
        self.parts.push(Part {
            key: place.key,
            number: place.number,
            end: self.bytes.len(),
        });
        Ok(())
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The message at `index`: the key and number of its connection, and the
    /// [`HEADROOM`] with the message after it.
    pub fn part(&mut self, index: usize) -> Option<(usize, u32, &mut [u8])> {
        let Part { key, number, end } = *self.parts.get(index)?;
        let before = index.checked_sub(1).and_then(|i| self.parts.get(i));
        let range: Range<usize> = before.map_or(0, |part| part.end)..end;
        Some((key, number, self.bytes.get_mut(range)?))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.parts.clear();
    }
}

/// See the module's doc.
#[derive(Debug, Default)]
pub struct Post(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    waiting: Waiting,
    spare: Vec<Batch>,
    listener: Option<Waker>,
}

/// What lies at a post.
#[derive(Debug, Default)]
pub struct Waiting {
    /// To be sent before the bells are looked at: who has rung may be in them.
    pub batches: VecDeque<Batch>,
    /// The keys of connections that somebody has something for.
    pub keys: VecDeque<usize>,
}

impl Waiting {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.keys.is_empty()
    }
}

impl Post {
    /// An empty batch, to be delivered.
    #[must_use]
    pub fn batch(&self) -> Batch {
        self.lock().spare.pop().unwrap_or_default()
    }

    /// Hands a batch over.
    pub fn deliver(&self, batch: Batch) {
        self.put(|waiting| waiting.batches.push_back(batch));
    }

    /// Has a connection looked at.
    pub fn ring(&self, key: usize) {
        self.put(|waiting| waiting.keys.push_back(key));
    }

    /// Exchanges what lies here for `empty`. If there is nothing, `listener` is woken
    /// once there is.
    pub fn take(&self, empty: &mut Waiting, listener: &Waker) {
        let mut inside = self.lock();
        if inside.waiting.is_empty() {
            inside.listener = Some(listener.clone());
        }
        std::mem::swap(&mut inside.waiting, empty);
    }

    /// Takes a batch back that was sent, for its memory.
    pub fn give_back(&self, mut batch: Batch) {
        batch.clear();
        let mut inside = self.lock();
        if inside.spare.len() < MAX_SPARE {
            inside.spare.push(batch);
        }
    }

    fn put(&self, put: impl FnOnce(&mut Waiting)) {
        let mut inside = self.lock();
        put(&mut inside.waiting);
        let listener = inside.listener.take();
        drop(inside);
        if let Some(listener) = listener {
            listener.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Nothing under the lock can panic half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Listener(AtomicUsize);

    impl Wake for Listener {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn place(post: &Arc<Post>, key: usize, number: u32) -> Place {
        Place {
            post: Arc::clone(post),
            key,
            number,
        }
    }

    fn write(batch: &mut Batch, place: &Place, message: &[u8]) {
        let written: Result<(), ()> = batch.write(place, |bytes| {
            bytes.extend_from_slice(message);
            Ok(())
        });
        written.unwrap();
    }

    #[test]
    fn a_batch_gives_each_message_with_room_before_it() {
        let post = Arc::default();
        let mut batch = Batch::default();
        assert!(batch.is_empty());
        for (key, message) in [&b"one"[..], b"", b"three"].into_iter().enumerate() {
            write(&mut batch, &place(&post, key, 7 + key as u32), message);
        }
        assert_eq!(batch.len(), 3);
        for (index, message) in [&b"one"[..], b"", b"three"].into_iter().enumerate() {
            let (key, number, part) = batch.part(index).unwrap();
            assert_eq!((key, number), (index, 7 + index as u32));
            assert_eq!(part[HEADROOM..], *message);
            part[..HEADROOM].fill(0xFF);
        }
        assert!(batch.part(3).is_none());
    }

    #[test]
    fn a_listener_is_woken_once_for_all_that_comes() {
        let post = Arc::new(Post::default());
        let listener = Arc::new(Listener::default());
        let mut waiting = Waiting::default();
        post.take(&mut waiting, &Waker::from(Arc::clone(&listener)));
        assert!(waiting.is_empty());
        let mut batch = post.batch();
        write(&mut batch, &place(&post, 1, 1), b"message");
        post.ring(4);
        post.deliver(batch);
        post.ring(5);
        assert_eq!(listener.0.load(Ordering::Relaxed), 1);
        post.take(&mut waiting, &Waker::from(Arc::clone(&listener)));
        assert_eq!(waiting.batches.len(), 1);
        assert_eq!(waiting.keys, [4, 5]);
        post.ring(6);
        assert_eq!(listener.0.load(Ordering::Relaxed), 1, "nobody waits");
    }

    #[test]
    fn the_memory_of_a_batch_is_used_again() {
        let post = Arc::new(Post::default());
        let mut batch = post.batch();
        write(&mut batch, &place(&post, 1, 1), &[1; 1000]);
        let memory = batch.bytes.as_ptr();
        post.give_back(batch);
        let again = post.batch();
        assert!(again.is_empty());
        assert_eq!(again.bytes.as_ptr(), memory);
        for _ in 0..2 * MAX_SPARE {
            post.give_back(Batch::default());
        }
        assert_eq!(post.lock().spare.len(), MAX_SPARE);
    }
}
