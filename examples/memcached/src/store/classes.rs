//! Size classes: how large the chunks are that items and pieces get.
//!
//! Eight sizes for each power of two, so that at most an eighth of a chunk is unused, stretched to what divides a page.

/// Bytes of a page, all of whose chunks are of one class.
pub const PAGE_BYTES: usize = 64 << 10;
/// Bytes of the largest chunk: what is left over of a page is then never more than a fraction of it.
pub const CHUNK_BYTES_MAX: usize = 8 << 10;
/// Bytes of the smallest chunk.
pub const CHUNK_BYTES_MIN: usize = 48;
/// Chunks begin at multiples of this.
pub const UNIT: usize = 8;

/// Number of classes for items.
pub const ITEM_CLASSES: usize = count();
/// Bytes of the chunks for pieces of large values.
const PIECE_SIZES: [usize; 8] = [512, 1024, 2048, 3120, 4096, 5456, 6552, CHUNK_BYTES_MAX];
/// Number of all classes; those for pieces come last.
pub const CLASSES: usize = ITEM_CLASSES + PIECE_SIZES.len();

/// Chunk size by class.
pub const SIZES: [usize; CLASSES] = sizes();
/// Class by size in units, rounded up.
static CLASS_OF: [u8; CHUNK_BYTES_MAX / UNIT + 1] = class_of_units();

/// The class for an item of `bytes`, at most [`CHUNK_BYTES_MAX`].
#[inline]
pub fn item_class(bytes: usize) -> usize {
    usize::from(CLASS_OF[bytes.div_ceil(UNIT)])
}

/// The class for a piece of `bytes`, at most [`CHUNK_BYTES_MAX`].
pub fn piece_class(bytes: usize) -> usize {
    ITEM_CLASSES + PIECE_SIZES.iter().position(|size| *size >= bytes).unwrap_or(PIECE_SIZES.len() - 1)
}

/// Whether the chunks of a class are pieces.
#[inline]
pub fn is_for_pieces(class: usize) -> bool {
    class >= ITEM_CLASSES
}

/// By how much a class is larger than the one before, on average.
pub fn growth_factor() -> f64 {
    (SIZES[ITEM_CLASSES - 1] as f64 / SIZES[0] as f64).powf(1.0 / (ITEM_CLASSES - 1) as f64)
}

/// Chunks in a page of the class.
pub const fn chunks_per_page(class: usize) -> usize {
    PAGE_BYTES / SIZES[class]
}

/// The next size that is a class of its own, from a wanted one: as large as it can be with as many chunks in a page.
const fn stretched(size: usize) -> usize {
    PAGE_BYTES / (PAGE_BYTES / size) / UNIT * UNIT
}

const fn step(size: usize) -> usize {
    let step = (size.next_power_of_two() / if size.is_power_of_two() { 8 } else { 16 }) / UNIT * UNIT;
    if step < UNIT { UNIT } else { step }
}

const fn count() -> usize {
    let (mut count, mut size, mut last) = (0, CHUNK_BYTES_MIN, 0);
    while size <= CHUNK_BYTES_MAX {
        if stretched(size) != last {
            last = stretched(size);
            count += 1;
        }
        size += step(size);
    }
    count
}

const fn sizes() -> [usize; CLASSES] {
    let mut sizes = [0; CLASSES];
    let (mut class, mut size, mut last) = (0, CHUNK_BYTES_MIN, 0);
    while size <= CHUNK_BYTES_MAX {
        if stretched(size) != last {
            last = stretched(size);
            sizes[class] = last;
            class += 1;
        }
        size += step(size);
    }
    let mut piece = 0;
    while piece < PIECE_SIZES.len() {
        sizes[class + piece] = PIECE_SIZES[piece];
        piece += 1;
    }
    sizes
}

const fn class_of_units() -> [u8; CHUNK_BYTES_MAX / UNIT + 1] {
    let mut table = [0; CHUNK_BYTES_MAX / UNIT + 1];
    let (mut class, mut units) = (0, 0);
    while units < table.len() {
        if units * UNIT > SIZES[class] {
            class += 1;
        }
        table[units] = class as u8;
        units += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_has_the_smallest_class_that_holds_it() {
        for bytes in 1..=CHUNK_BYTES_MAX {
            let class = item_class(bytes);
            assert!(!is_for_pieces(class) && SIZES[class] >= bytes, "{bytes} in {}", SIZES[class]);
            assert!(class == 0 || SIZES[class - 1] < bytes, "{bytes} in {}", SIZES[class]);
            let piece = piece_class(bytes);
            assert!(is_for_pieces(piece) && SIZES[piece] >= bytes);
        }
    }

    #[test]
    fn little_of_a_chunk_and_of_a_page_is_unused() {
        for class in 1..ITEM_CLASSES {
            let (smaller, size) = (SIZES[class - 1], SIZES[class]);
            assert!(size - smaller <= (size / 7).max(UNIT), "{smaller}, then {size}");
            assert!(size % UNIT == 0 && PAGE_BYTES - chunks_per_page(class) * size < size);
            assert!(PAGE_BYTES - chunks_per_page(class) * size <= PAGE_BYTES / 90, "{size}");
        }
        assert_eq!(SIZES[ITEM_CLASSES - 1], CHUNK_BYTES_MAX);
    }
}
