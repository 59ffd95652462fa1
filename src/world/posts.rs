//! How a tick's snapshots leave a room: in one batch for each thread of sockets.
//!
//! Owns the batches in the making. A session without a place at a post, as in tests,
//! finds its snapshot in its outlet.

use super::link::MemberLink;
use super::outlet::Ring;
use crate::post::{Batch, Post};
use bytes::Bytes;
use std::sync::Arc;

/// See the module's doc.
#[derive(Debug, Default)]
pub(super) struct Posts {
    open: Vec<(Arc<Post>, Batch)>,
    loose: Vec<u8>,
}

impl Posts {
    /// Writes a snapshot for the session at the other end of `link`, as `write` appends
    /// it. If nothing carries it there, what wakes the session is returned.
    ///
    /// # Errors
    /// Those of `write`.
    pub(super) fn write<I, E>(
        &mut self,
        link: &MemberLink<I>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Option<Ring>, E> {
        let Some(place) = link.place() else {
            self.loose.clear();
            write(&mut self.loose)?;
            return Ok(Some(link.snapshot(Bytes::copy_from_slice(&self.loose))));
        };
        link.announce();
        let is_theirs = |(post, _): &(Arc<Post>, _)| Arc::ptr_eq(post, &place.post);
        let index = self.open.iter().position(is_theirs).unwrap_or_else(|| {
            self.open.push((Arc::clone(&place.post), place.post.batch()));
            self.open.len() - 1
        });
        self.open[index].1.write(place, write)?;
        Ok(None)
    }

    /// Hands over all that was written.
    pub(super) fn deliver(&mut self) {
        for (post, batch) in self.open.drain(..) {
            post.deliver(batch);
        }
    }
}
