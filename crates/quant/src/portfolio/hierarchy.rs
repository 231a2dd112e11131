//! Weights by trees: no matrix is inverted, so a nearly singular one does no harm.
use std::collections::VecDeque;

use nalgebra::DMatrix;

use super::linkage::{Linkage, Tree, distances};
use super::parity::scaled;
use crate::covariance::Covariance;

/// Hierarchical risk parity: the assets in the order of a tree are halved again and again, and each half gets the share of the
/// other half's variance (M. López de Prado, Journal of Portfolio Management 42, 2016, snippets 16.1 to 16.4 of "Advances in
/// Financial Machine Learning"; as PyPortfolioOpt, the tree is of the distances themselves).
pub(super) fn risk_parity(covariance: &Covariance, linkage: Linkage) -> Vec<f64> {
    let tree = Tree::of(&distances(&covariance.correlation()), linkage);
    let order = tree.leaves(tree.root());
    let mut weights = vec![1.0; order.len()];
    let mut open = VecDeque::from([order.as_slice()]);
    while let Some(cluster) = open.pop_front() {
        if cluster.len() < 2 {
            continue;
        }
        let (left, right) = cluster.split_at(cluster.len() / 2);
        let [first, second] = [left, right].map(|half| variance(covariance.matrix(), half));
        let share = 1.0 - first / (first + second);
        left.iter().for_each(|asset| weights[*asset] *= share);
        right.iter().for_each(|asset| weights[*asset] *= 1.0 - share);
        open.extend([left, right]);
    }
    scaled(weights)
}

/// Hierarchical equal risk contribution: each join of a Ward tree above the clusters shares out by the inverse of the two
/// sides' volatilities, each cluster within by the inverse of variances (T. Raffinot, "The hierarchical equal risk contribution
/// portfolio", 2018, from which this differs: docs/portfolio.md). Without a number, the tree is cut where its joins grow most, into half of the assets' number at most.
pub(super) fn equal_risk(covariance: &Covariance, clusters: Option<usize>) -> Vec<f64> {
    let count = covariance.assets();
    let tree = Tree::of(&distances(&covariance.correlation()), Linkage::Ward);
    let clusters = clusters.unwrap_or_else(|| widest(&tree)).clamp(1, count);
    let mut weights = vec![0.0; count];
    // Joins from here on are above the clusters.
    let first_above = 2 * count - clusters;
    let mut open = vec![(tree.root(), 1.0)];
    while let Some((cluster, share)) = open.pop() {
        let matrix = covariance.matrix();
        match tree.children(cluster).filter(|_| cluster >= first_above) {
            Some(sides) => {
                let risks = sides.map(|side| variance(matrix, &tree.leaves(side)).sqrt());
                let left = risks[1] / (risks[0] + risks[1]);
                open.extend([(sides[0], share * left), (sides[1], share * (1.0 - left))]);
            }
            None => {
                let leaves = tree.leaves(cluster);
                let inner = scaled(leaves.iter().map(|asset| 1.0 / matrix[(*asset, *asset)]).collect());
                leaves.iter().zip(inner).for_each(|(asset, weight)| weights[*asset] = share * weight);
            }
        }
    }
    scaled(weights)
}

/// The variance of a cluster that is weighted by the inverse of variances.
fn variance(matrix: &DMatrix<f64>, cluster: &[usize]) -> f64 {
    let weights = scaled(cluster.iter().map(|asset| 1.0 / matrix[(*asset, *asset)]).collect());
    let mut sum = 0.0;
    for (place, asset) in cluster.iter().enumerate() {
        let column = matrix.column(*asset);
        let row: f64 = cluster.iter().zip(&weights).map(|(other, weight)| column[*other] * weight).sum();
        sum += row * weights[place];
    }
    sum
}

/// The number of clusters before the widest step between two joins.
fn widest(tree: &Tree) -> usize {
    let heights: Vec<f64> = tree.joins.iter().rev().map(|join| join.distance).collect();
    let most = (tree.joins.len() + 1).div_ceil(2).max(2);
    let steps = heights.windows(2).take(most - 1).map(|pair| pair[0] - pair[1]);
    let best = steps.enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    best.map_or(tree.joins.len() + 1, |(place, _)| place + 2)
}
