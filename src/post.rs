//! What rooms hand to the threads that own the sockets: batches of messages, and bells.
//!
//! A room writes what it has for all connections of a thread into one [`Batch`], message
//! after message, and hands it over at once: there is no allocation, no lock and no
//! wake-up per message. The batch comes [`Home`] when all of it is sent, and says what
//! became of each. Whoever has something for a single connection rings. There is one
//! [`Post`] per thread; it knows neither rooms nor sockets, and keeps the order: what lies
//! here waits until the thread takes it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

/// Bytes before each message of a batch that are free for a frame's header: a server's
/// have at most so many (RFC 6455 section 5.2).
pub const HEADROOM: usize = 10;

/// A batch's memory is never too much up to so many bytes.
const KEPT: usize = 64 << 10;

/// Where a connection is found.
#[derive(Clone, Debug)]
pub struct Place {
    /// The post of its thread.
    pub post: Arc<Post>,
    /// Which one it is among the connections there are.
    pub key: usize,
    /// Which one it is of all that have ever been; keys come again.
    pub number: u32,
}

impl Place {
    /// The place of a new connection.
    #[must_use]
    pub fn new(post: Arc<Post>, key: usize) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        Self {
            post,
            key,
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// Messages for connections of one thread.
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    letters: Vec<Letter>,
    /// Weak, because it holds those that are back.
    home: Weak<Home>,
}

/// One message of a batch: whom it is for, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The connection's key.
    pub key: usize,
    /// The connection's number.
    pub number: u32,
    /// The writer's own mark.
    pub mark: u32,
    /// Whether something may have been laid down for the connection that comes before it.
    pub is_behind: bool,
    /// Whether it could not be sent at once and was laid down; set by the carrier.
    pub is_kept: bool,
    end: usize,
}

impl Batch {
    /// An empty one, which will come back to `home`.
    #[must_use]
    pub fn new(home: &Arc<Home>) -> Box<Self> {
        Box::new(Self {
            bytes: Vec::new(),
            letters: Vec::new(),
            home: Arc::downgrade(home),
        })
    }

    /// Appends a message for the connection at `place`: what `write` appends.
    ///
    /// # Errors
    /// Those of `write`; the batch is then of no use.
    pub fn write<E>(
        &mut self,
        place: &Place,
        mark: u32,
        is_behind: bool,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.bytes.extend_from_slice(&[0; HEADROOM]);
        write(&mut self.bytes)?;
        self.letters.push(Letter {
            key: place.key,
            number: place.number,
            mark,
            is_behind,
            is_kept: false,
            end: self.bytes.len(),
        });
        Ok(())
    }

    /// How many messages there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.letters.len()
    }

    /// The message at `index`, and its bytes behind [`HEADROOM`]; `None` after the last.
    pub fn letter(&mut self, index: usize) -> Option<(&mut Letter, &mut [u8])> {
        let start = self.start(index);
        let letter = self.letters.get_mut(index)?;
        let bytes = self.bytes.get_mut(start..letter.end)?;
        Some((letter, bytes))
    }

    /// All messages, and how long each is.
    pub fn letters(&self) -> impl Iterator<Item = (&Letter, usize)> {
        self.letters.iter().enumerate().map(|(index, letter)| {
            let length = letter.end - self.start(index) - HEADROOM;
            (letter, length)
        })
    }

    fn start(&self, index: usize) -> usize {
        let before = index.checked_sub(1).and_then(|i| self.letters.get(i));
        before.map_or(0, |letter| letter.end)
    }

    /// Empties it. Its memory stays, unless there is far more than was needed last.
    pub fn clear(&mut self) {
        // When many begin anew a tick's messages are ten times as long, once.
        self.bytes.shrink_to((4 * self.bytes.len()).max(KEPT));
        self.bytes.clear();
        self.letters.clear();
    }

    /// Sends it home, when all of it was sent or kept.
    pub fn go_home(self: Box<Self>) {
        // Without a room nobody wants it back.
        if let Some(home) = self.home.upgrade() {
            home.lock().push(self);
        }
    }
}

/// Where a room's batches come back to.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "they come and go boxed")]
pub struct Home(Mutex<Vec<Box<Batch>>>);

impl Home {
    /// One that is back.
    pub fn take(&self) -> Option<Box<Batch>> {
        self.lock().pop()
    }

    #[expect(clippy::vec_box, reason = "they come and go boxed")]
    fn lock(&self) -> MutexGuard<'_, Vec<Box<Batch>>> {
        // Nothing under the lock can panic half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module's doc.
#[derive(Debug, Default)]
pub struct Post(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    items: VecDeque<Item>,
    listener: Option<Waker>,
}

/// What is left at a post.
#[derive(Debug)]
pub enum Item {
    /// To be sent.
    Batch(Box<Batch>),
    /// Somebody has something for the connection with this key.
    Ring(usize),
}

impl Post {
    /// Leaves something.
    pub fn put(&self, item: Item) {
        let mut inside = self.lock();
        inside.items.push_back(item);
        let listener = inside.listener.take();
        drop(inside);
        if let Some(listener) = listener {
            listener.wake();
        }
    }

    /// Exchanges what lies here for `empty`. If there is nothing, `listener` is woken
    /// once there is.
    pub fn take(&self, empty: &mut VecDeque<Item>, listener: &Waker) {
        let mut inside = self.lock();
        if inside.items.is_empty() {
            inside.listener = Some(listener.clone());
        }
        std::mem::swap(&mut inside.items, empty);
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Nothing under the lock can panic half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    #[derive(Default)]
    struct Listener(AtomicUsize);

    impl Wake for Listener {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn write(batch: &mut Batch, place: &Place, mark: u32, message: &[u8]) {
        let written: Result<(), ()> = batch.write(place, mark, false, |bytes| {
            bytes.extend_from_slice(message);
            Ok(())
        });
        written.unwrap();
    }

    #[test]
    fn a_batch_gives_each_message_with_room_before_it() {
        let messages = [&b"one"[..], b"", b"three"];
        let mut batch = Batch::new(&Arc::default());
        let places = [3, 4, 5].map(|key| Place::new(Arc::default(), key));
        for (index, place) in places.iter().enumerate() {
            write(&mut batch, place, index as u32, messages[index]);
        }
        for (index, place) in places.iter().enumerate() {
            let (letter, bytes) = batch.letter(index).unwrap();
            assert_eq!((letter.key, letter.number), (place.key, place.number));
            assert_eq!(letter.mark, index as u32);
            assert_eq!(bytes[HEADROOM..], *messages[index]);
            bytes[..HEADROOM].fill(0xFF);
        }
        assert!(batch.letter(3).is_none());
        let lengths: Vec<_> = batch.letters().map(|(_, length)| length).collect();
        assert_eq!(lengths, [3, 0, 5]);
        assert!(places[0].number != places[1].number);
    }

    #[test]
    fn a_listener_is_woken_once_for_all_that_comes_and_finds_it_in_order() {
        let post = Post::default();
        let listener = Arc::new(Listener::default());
        let waker = Waker::from(Arc::clone(&listener));
        let mut items = VecDeque::new();
        post.take(&mut items, &waker);
        assert!(items.is_empty());
        post.put(Item::Ring(4));
        post.put(Item::Batch(Batch::new(&Arc::default())));
        post.put(Item::Ring(5));
        assert_eq!(listener.0.load(Ordering::Relaxed), 1);
        post.take(&mut items, &waker);
        assert!(matches!(
            Vec::from(items)[..],
            [Item::Ring(4), Item::Batch(_), Item::Ring(5)]
        ));
        post.put(Item::Ring(6));
        assert_eq!(listener.0.load(Ordering::Relaxed), 1, "nobody waits");
    }

    #[test]
    fn a_batch_comes_home_with_what_became_of_it() {
        let home = Arc::new(Home::default());
        let mut batch = Batch::new(&home);
        let place = Place::new(Arc::default(), 1);
        write(&mut batch, &place, 7, &[1; 1000]);
        write(&mut batch, &place, 8, &[1; 1000]);
        batch.letter(1).unwrap().0.is_kept = true;
        let memory = batch.bytes.as_ptr();
        assert!(home.take().is_none());
        batch.go_home();
        let mut batch = home.take().unwrap();
        let kept: Vec<_> = batch.letters().map(|(letter, _)| letter.is_kept).collect();
        assert_eq!(kept, [false, true]);
        batch.clear();
        assert!(batch.letter(0).is_none());
        write(&mut batch, &place, 7, b"again");
        assert_eq!(batch.bytes.as_ptr(), memory);
    }

    #[test]
    fn what_one_long_batch_needed_is_given_back_after_the_next() {
        let place = Place::new(Arc::default(), 1);
        let mut batch = Batch::new(&Arc::default());
        write(&mut batch, &place, 1, &[1; 1 << 20]);
        batch.clear();
        assert!(batch.bytes.capacity() > 1 << 20, "the next may be as long");
        write(&mut batch, &place, 1, &[1; 1000]);
        batch.clear();
        assert_eq!(batch.bytes.capacity(), KEPT);
    }
}
