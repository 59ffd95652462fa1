//! How a tick's snapshots leave a room: in batches for each thread of sockets.
//!
//! Owns the batches in the making, and knows what became of those that are back. A session
//! without a place at a post, as in tests, finds its snapshot at its end of the link.

use super::core::Core;
use super::link::MemberLink;
use super::told::Parcel;
use crate::game::Game;
use crate::post::{Batch, Home, Item, Post};
use bytes::Bytes;
use downbeat_protocol::PlayerId;
use std::sync::Arc;

/// Messages of a batch at most: with thousands of players the first of them are sent while
/// the last are written, and what is not yet sent when the next ones are due is known by
/// the slice.
const SLICE: usize = 256;

/// See the module's doc.
#[derive(Debug, Default)]
pub(super) struct Posts {
    home: Arc<Home>,
    open: Vec<(Arc<Post>, Box<Batch>)>,
    #[expect(clippy::vec_box, reason = "they come and go boxed")]
    spare: Vec<Box<Batch>>,
    loose: Vec<u8>,
}

impl Posts {
    /// Writes a snapshot for the session at the other end of `link`, as `write` appends
    /// it; behind what lies there, if there are news. Where it is then.
    ///
    /// # Errors
    /// Those of `write`.
    pub(super) fn write<I, E>(
        &mut self,
        link: &MemberLink<I>,
        id: PlayerId,
        has_news: bool,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Parcel, E> {
        let Some(place) = link.place() else {
            self.loose.clear();
            write(&mut self.loose)?;
            drop(link.snapshot(Bytes::copy_from_slice(&self.loose)));
            return Ok(Parcel::Laid);
        };
        let is_theirs = |(post, _): &(Arc<Post>, _)| Arc::ptr_eq(post, &place.post);
        let index = self.open.iter().position(is_theirs).unwrap_or_else(|| {
            let spare = self.spare.pop();
            let batch = spare.unwrap_or_else(|| Batch::new(&self.home));
            self.open.push((Arc::clone(&place.post), batch));
            self.open.len() - 1
        });
        let batch = &mut self.open[index].1;
        batch.write(place, id.0, has_news, write)?;
        if batch.count() >= SLICE {
            let (post, batch) = self.open.swap_remove(index);
            post.put(Item::Batch(batch));
        }
        Ok(Parcel::Carried)
    }

    /// Hands over all that was written.
    pub(super) fn deliver(&mut self) {
        for (post, batch) in self.open.drain(..) {
            post.put(Item::Batch(batch));
        }
    }
}

impl<G: Game> Core<G> {
    /// Takes note of what became of the snapshots in the batches that are back.
    pub(super) fn collect(&mut self) {
        while let Some(mut batch) = self.scratch.posts.home.take() {
            // Both are ordered by id.
            let first = batch.letters().next();
            let first = first.map_or(PlayerId(0), |(letter, _)| PlayerId(letter.mark));
            let start = self.members.partition_point(|member| member.id < first);
            let mut members = self.members[start..].iter_mut().peekable();
            for (letter, length) in batch.letters() {
                let id = PlayerId(letter.mark);
                while members.next_if(|member| member.id < id).is_some() {}
                let Some(member) = members.next_if(|member| member.id == id) else {
                    continue;
                };
                let place = member.presence.link().and_then(MemberLink::place);
                if place.is_none_or(|place| place.number != letter.number) {
                    // He has come back over another connection.
                    continue;
                }
                let told = &mut member.told;
                if letter.is_kept {
                    told.parcel = Parcel::Laid;
                } else {
                    told.parcel = Parcel::Taken;
                    told.carried += length as u64;
                }
            }
            batch.clear();
            self.scratch.posts.spare.push(batch);
        }
    }
}
