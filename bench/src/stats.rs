//! Medians and ratios of samples.

/// Samples of one figure, one from each round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

/// Minimum, median and maximum; `None` without samples.
pub fn summary(samples: &[f64]) -> Option<Summary> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let middle = sorted.len() / 2;
    let median =
        if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 };
    Some(Summary { min, median, max })
}

/// The ratio of two figures that were measured in the same rounds: what disturbs a whole round leaves it alone.
pub fn ratio(samples: &[f64], base: &[f64]) -> Option<Summary> {
    let ratios: Vec<f64> = samples
        .iter()
        .zip(base)
        .filter(|(_, base)| **base > 0.0)
        .map(|(sample, base)| sample / base)
        .collect();
    summary(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_is_between_the_middle_two() {
        assert_eq!(summary(&[4.0, 1.0, 3.0, 2.0]), Some(Summary { min: 1.0, median: 2.5, max: 4.0 }));
        assert_eq!(summary(&[]), None);
    }

    #[test]
    fn a_ratio_compares_round_by_round() {
        let slow_second_round = ratio(&[2.0, 20.0], &[1.0, 10.0]).unwrap();
        assert_eq!(slow_second_round, Summary { min: 2.0, median: 2.0, max: 2.0 });
    }
}
