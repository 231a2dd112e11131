//! Trees of assets: what moves alike is joined first.
use nalgebra::DMatrix;

/// How near two clusters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    /// As near as their nearest members.
    Single,
    /// By how much the sum of squares grows when they are joined (J. Ward, 1963).
    Ward,
}

/// Two clusters that were joined: numbers below the count of assets are assets, `assets + k` is the k-th join.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Join {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) distance: f64,
}

/// A join less than there are assets, the nearest first.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    assets: usize,
    pub(super) joins: Vec<Join>,
}

/// `sqrt((1 - correlation) / 2)`: 0 for the same, 1 for opposites (M. López de Prado, "Building diversified portfolios that
/// outperform out of sample", Journal of Portfolio Management 42, 2016).
pub(super) fn distances(correlation: &DMatrix<f64>) -> DMatrix<f64> {
    correlation.map(|value| ((1.0 - value) / 2.0).clamp(0.0, 1.0).sqrt())
}

impl Tree {
    pub(super) fn of(distances: &DMatrix<f64>, linkage: Linkage) -> Self {
        match linkage {
            Linkage::Single => Self::single(distances),
            Linkage::Ward => Self::ward(distances),
        }
    }

    /// The assets below a cluster, from left to right.
    pub(super) fn leaves(&self, cluster: usize) -> Vec<usize> {
        let (mut leaves, mut open) = (Vec::new(), vec![cluster]);
        while let Some(cluster) = open.pop() {
            match cluster.checked_sub(self.assets) {
                None => leaves.push(cluster),
                Some(join) => open.extend([self.joins[join].right, self.joins[join].left]),
            }
        }
        leaves
    }

    /// The cluster of all.
    pub(super) fn root(&self) -> usize {
        // One asset makes no join, and is the cluster of all: its number is 0.
        (self.assets + self.joins.len()).saturating_sub(1)
    }

    /// The two clusters that were joined to this one; none for an asset.
    pub(super) fn children(&self, cluster: usize) -> Option<[usize; 2]> {
        let join = self.joins.get(cluster.checked_sub(self.assets)?)?;
        Some([join.left, join.right])
    }

    /// The shortest tree through all assets (R. Prim, 1957), its edges in the order of their length: n² steps.
    fn single(distances: &DMatrix<f64>) -> Self {
        let count = distances.nrows();
        let mut nearest: Vec<(f64, usize)> = (0..count).map(|asset| (distances[(0, asset)], 0)).collect();
        let mut open: Vec<usize> = (1..count).collect();
        let mut edges = Vec::with_capacity(count.saturating_sub(1));
        while !open.is_empty() {
            let mut best = 0;
            for place in 1..open.len() {
                if nearest[open[place]].0 < nearest[open[best]].0 {
                    best = place;
                }
            }
            let asset = open.swap_remove(best);
            edges.push((nearest[asset].0, nearest[asset].1, asset));
            let column = distances.column(asset);
            for other in &open {
                if column[*other] < nearest[*other].0 {
                    nearest[*other] = (column[*other], asset);
                }
            }
        }
        edges.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut of: Vec<usize> = (0..2 * count).collect();
        let mut joins = Vec::with_capacity(edges.len());
        for (distance, first, second) in edges {
            let ends = [first, second].map(|end| top(&mut of, end));
            joins.push(Join { left: ends[0].min(ends[1]), right: ends[0].max(ends[1]), distance });
            ends.iter().for_each(|end| of[*end] = count + joins.len() - 1);
        }
        Self { assets: count, joins }
    }

    /// Joins the nearest two, and measures the new cluster by the formula of Lance and Williams (1967): n³ steps at worst.
    fn ward(distances: &DMatrix<f64>) -> Self {
        let count = distances.nrows();
        let mut squares = distances.map(|distance| distance * distance);
        let mut live: Vec<(usize, usize, f64)> = (0..count).map(|asset| (asset, asset, 1.0)).collect();
        let mut joins = Vec::with_capacity(count.saturating_sub(1));
        while live.len() > 1 {
            let mut best = (f64::INFINITY, 0, 1);
            for first in 0..live.len() {
                for second in first + 1..live.len() {
                    let square = squares[(live[first].1, live[second].1)];
                    if square < best.0 {
                        best = (square, first, second);
                    }
                }
            }
            let (square, first, second) = best;
            let ((a, row, size), (b, other, joined)) = (live[first], live[second]);
            for (place, (_, third, own)) in live.iter().enumerate() {
                if place != first && place != second {
                    let [near, far] = [squares[(row, *third)], squares[(other, *third)]];
                    let mixed = (size + own) * near + (joined + own) * far - own * square;
                    let value = mixed / (size + joined + own);
                    (squares[(row, *third)], squares[(*third, row)]) = (value, value);
                }
            }
            joins.push(Join { left: a.min(b), right: a.max(b), distance: square.max(0.0).sqrt() });
            live[first] = (count + joins.len() - 1, row, size + joined);
            live.remove(second);
        }
        Self { assets: count, joins }
    }
}

/// The cluster that an asset is in by now.
fn top(of: &mut [usize], mut cluster: usize) -> usize {
    while of[cluster] != cluster {
        of[cluster] = of[of[cluster]];
        cluster = of[cluster];
    }
    cluster
}
