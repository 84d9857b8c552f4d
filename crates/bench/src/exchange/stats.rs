//! Ratios of arms that take turns, with bounds.

use anyhow::Result;

/// The median of the pairs' ratios, and the bounds that a bootstrap of 95 % gives it.
#[derive(Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) bounds: (f64, f64),
}

/// What two arms took, each block in nanoseconds.
pub(crate) struct Pairs {
    ours: Vec<f64>,
    peer: Vec<f64>,
}

impl Pairs {
    /// Runs blocks of both arms in the order A B B A. `block(true)` runs one of ours and returns what it took.
    pub(crate) fn take(turns: usize, mut block: impl FnMut(bool) -> Result<f64>) -> Result<Pairs> {
        let mut pairs = Pairs { ours: Vec::new(), peer: Vec::new() };
        block(true)?;
        block(false)?;
        for _ in 0..turns {
            for ours in [true, false, false, true] {
                let taken = block(ours)?;
                if ours { pairs.ours.push(taken) } else { pairs.peer.push(taken) }
            }
        }
        Ok(pairs)
    }

    /// How many times longer the peer took.
    pub(crate) fn speedup(&self) -> Ratio {
        let logs: Vec<f64> = self.ours.iter().zip(&self.peer).map(|(ours, peer)| (peer / ours).ln()).collect();
        let mut medians = Vec::with_capacity(1000);
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..1000 {
            let sample = (0..logs.len()).map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                logs[(seed % logs.len() as u64) as usize]
            });
            medians.push(quantile(&sample.collect::<Vec<_>>(), 0.5));
        }
        Ratio { median: quantile(&logs, 0.5).exp(), bounds: (quantile(&medians, 0.025).exp(), quantile(&medians, 0.975).exp()) }
    }

    /// Median block of ours and of the peer.
    pub(crate) fn medians(&self) -> (f64, f64) {
        (quantile(&self.ours, 0.5), quantile(&self.peer, 0.5))
    }
}

/// The value below which `part` of the values lie.
pub(crate) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let place = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or(f64::NAN)
}
