//! The order in which candidates run: another one in each round, the same in each run.

/// The candidates of one round: as they are in the first, shuffled in the others.
pub fn shuffled<T: Copy>(candidates: &[T], round: usize) -> Vec<T> {
    let mut order = candidates.to_vec();
    if round == 0 {
        return order;
    }
    let mut state = round as u64;
    for last in (1..order.len()).rev() {
        order.swap(last, (next(&mut state) % (last as u64 + 1)) as usize);
    }
    order
}

/// A number that looks random (splitmix64).
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_candidate_runs_once_in_every_round() {
        for round in 0..20 {
            let mut order = shuffled(&[1, 2, 3, 4, 5], round);
            order.sort_unstable();
            assert_eq!(order, [1, 2, 3, 4, 5]);
        }
    }
}
