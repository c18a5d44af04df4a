//! Counts the live bytes of the heap, for the two workloads that weigh memory; otherwise it costs one relaxed load.
#![expect(unsafe_code, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
/// Bytes that live now, less those that lived when the window was opened: below zero once older blocks are freed.
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

/// The heap is counted while this lives. One at a time.
pub(crate) struct HeapWindow(());

impl HeapWindow {
    pub(crate) fn open() -> Self {
        LIVE.store(0, Ordering::Relaxed);
        PEAK.store(0, Ordering::Relaxed);
        COUNTS.store(true, Ordering::SeqCst);
        Self(())
    }

    /// How many bytes more live now than when it was opened.
    #[expect(clippy::unused_self, reason = "only an open window has something to say")]
    pub(crate) fn growth(&self) -> f64 {
        LIVE.load(Ordering::SeqCst) as f64
    }

    /// How many bytes more lived at the worst moment than when it was opened.
    #[expect(clippy::unused_self, reason = "only an open window has something to say")]
    pub(crate) fn peak_growth(&self) -> f64 {
        PEAK.load(Ordering::SeqCst) as f64
    }
}

impl Drop for HeapWindow {
    fn drop(&mut self) {
        COUNTS.store(false, Ordering::SeqCst);
    }
}

struct Counting;

fn grown(bytes: usize) {
    if COUNTS.load(Ordering::Relaxed) {
        let bytes = bytes.cast_signed();
        let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
        // Reading first keeps the line shared between cores as long as there is no new peak.
        if live > PEAK.load(Ordering::Relaxed) {
            PEAK.fetch_max(live, Ordering::Relaxed);
        }
    }
}

fn shrunk(bytes: usize) {
    if COUNTS.load(Ordering::Relaxed) {
        LIVE.fetch_sub(bytes.cast_signed(), Ordering::Relaxed);
    }
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        grown(new_size);
        shrunk(layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        shrunk(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}
