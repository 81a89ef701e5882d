//! A cumulative histogram with explicit bounds (OTLP `HistogramDataPoint`).

/// Counts by bucket, with sum and extremes.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// One for each bound, and one for what is above all of them.
    pub buckets: Vec<u64>,
    /// Of all values.
    pub sum: f64,
    /// The smallest; infinite while there is none.
    pub min: f64,
    /// The largest; negative infinite while there is none.
    pub max: f64,
}

impl Histogram {
    /// An empty one.
    pub fn new(bounds: &[f64]) -> Self {
        Self {
            buckets: vec![0; bounds.len() + 1],
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    /// Adds a value. A bound belongs to the bucket below it.
    pub fn record(&mut self, bounds: &[f64], value: f64) {
        let bucket = bounds.partition_point(|bound| *bound < value);
        self.buckets[bucket.min(bounds.len())] += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_belong_below() {
        let bounds = [5.0, 10.0];
        let mut histogram = Histogram::new(&bounds);
        for value in [0.0, 5.0, 5.1, 10.0, 11.0] {
            histogram.record(&bounds, value);
        }
        assert_eq!(histogram.buckets, [2, 2, 1]);
        assert_eq!((histogram.count(), histogram.min, histogram.max), (5, 0.0, 11.0));
    }
}
