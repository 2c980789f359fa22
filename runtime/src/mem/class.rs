//! Size classes: four steps to each doubling, so that at most a fifth of a block is wasted.

/// Bytes of the smallest block.
const SMALLEST: usize = 64;
/// Bytes of the largest block. What is larger does not fit a shard's arena.
pub(crate) const BLOCK_SIZE_MAX: usize = 1 << 20;
/// Every block starts at a multiple of this.
pub(crate) const BLOCK_ALIGN: usize = 32;
/// Bytes that are mapped at once for small classes.
const CHUNK_SIZE: usize = 64 << 10;

/// How many classes there are.
pub(crate) const CLASSES: usize = class_of(BLOCK_SIZE_MAX) + 1;

/// Block size of each class.
static SIZES: [u32; CLASSES] = sizes();

/// The smallest class whose blocks hold `size` bytes.
pub(crate) const fn class_of(size: usize) -> usize {
    assert!(
        size <= BLOCK_SIZE_MAX,
        "larger than the largest block of a shard's arena (1 MiB); box a part of it"
    );
    let mut class = 0;
    let mut block = SMALLEST;
    while block < size {
        block += step(block);
        class += 1;
    }
    class
}

/// Bytes of a block of `class`.
#[inline]
pub(crate) fn size_of_class(class: usize) -> usize {
    SIZES[class] as usize
}

/// Blocks in one chunk of `class`.
pub(crate) fn blocks_per_chunk(class: usize) -> usize {
    (CHUNK_SIZE / size_of_class(class)).max(1)
}

const fn step(block: usize) -> usize {
    let step = (1 << block.ilog2()) / 4;
    if step < BLOCK_ALIGN { BLOCK_ALIGN } else { step }
}

const fn sizes() -> [u32; CLASSES] {
    let mut sizes = [0; CLASSES];
    let mut block = SMALLEST;
    let mut class = 0;
    while class < CLASSES {
        sizes[class] = block as u32;
        block += step(block);
        class += 1;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_gets_the_smallest_block_that_holds_it() {
        for size in (1..=BLOCK_SIZE_MAX).step_by(61) {
            let class = class_of(size);
            assert!(size_of_class(class) >= size);
            assert!(class == 0 || size_of_class(class - 1) < size);
            assert_eq!(size_of_class(class) % BLOCK_ALIGN, 0);
        }
        assert_eq!(size_of_class(class_of(65)), 96);
        assert_eq!(size_of_class(class_of(129)), 160);
        assert_eq!(size_of_class(CLASSES - 1), BLOCK_SIZE_MAX);
    }
}
