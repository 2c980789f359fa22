//! Asks all shards the same, and makes one answer of theirs.

use seastar::{NotRunning, shard_count, this_shard};

// ANCHOR: service
/// A part of the measurements.
struct Measurements {
    values: Vec<f64>,
}

/// What is known of some of them.
struct Summary {
    count: usize,
    sum: f64,
    largest: f64,
}

impl Summary {
    fn and(self, other: Summary) -> Summary {
        Summary {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            largest: self.largest.max(other.largest),
        }
    }
}

#[seastar::sharded]
impl Measurements {
    /// Every shard takes every n-th of them.
    async fn start(count: usize) -> Self {
        let values = (this_shard()..count).step_by(shard_count()).map(|n| n as f64);
        Measurements { values: values.collect() }
    }

    #[broadcast(reduce = Summary::and)]
    fn summary(&self) -> Summary {
        let (count, sum) = (self.values.len(), self.values.iter().sum());
        Summary { count, sum, largest: self.values.iter().copied().fold(f64::MIN, f64::max) }
    }
}
// ANCHOR_END: service

#[seastar::main]
async fn main() -> Result<(), NotRunning> {
    // ANCHOR: main
    let measurements = Measurements::start_sharded(1001).await;
    let Summary { count, sum, largest } = measurements.summary().await?;
    println!("{count} values, {} on average, {largest} at most", sum / count as f64);

    // Without a method, and with another type for the sum; in the order of the shards.
    let firsts = async |part: &Measurements| part.values[0];
    let list =
        measurements.map_reduce(firsts, String::new(), |list, first| list + &format!(" {first}")).await?;
    println!("the first on each shard:{list}");
    println!("the same as a list: {:?}", measurements.map(firsts).await?);
    // ANCHOR_END: main
    measurements.stop().await;
    Ok(())
}
