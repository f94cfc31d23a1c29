//! The digest of a store: its levels in buckets by product, and for each bucket the sum of hashes
//! of its levels' versions.
//!
//! With `p` the product's ID as text and `v` the level's version in decimal: the bucket is
//! ⌊u32be(SHA-256(p)\[0..4]) × buckets ÷ 2³²⌋, the element of a level u64be(SHA-256(p ":"
//! v)\[0..8]), and the hash of a bucket the sum of its elements mod 2⁶⁴. A sum can be kept up to
//! date level by level, and does not depend on their order (M. Bellare, D. Micciancio, "A New
//! Paradigm for Collision-free Hashing", AdHash). It guards against lost updates, not against an
//! attacker who chooses the elements.

use sha2::{Digest as _, Sha256};

/// Maximum buckets.
pub const MAX_BUCKETS: u32 = 16_384;
/// Maximum buckets whose levels one request reads.
pub const MAX_REQUESTED_BUCKETS: usize = 256;

/// A number of buckets: a power of two up to `MAX_BUCKETS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buckets(u32);

impl Buckets {
    pub fn new(number: u32) -> Option<Self> {
        (number.is_power_of_two() && number <= MAX_BUCKETS).then_some(Self(number))
    }
    pub const fn get(self) -> u32 {
        self.0
    }
    /// Returns the bucket of a product, less than the number of buckets.
    pub fn of(self, product: &str) -> u32 {
        let hash = Sha256::digest(product.as_bytes());
        let first = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        // Below the number of buckets, which fits.
        ((u64::from(first) * u64::from(self.0)) >> 32) as u32
    }
}

/// The element of a level.
pub fn element(product: &str, version: i64) -> u64 {
    let hash = Sha256::digest(format!("{product}:{version}").as_bytes());
    u64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
}

/// The sums and the numbers of levels of all buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreDigest {
    buckets: Buckets,
    sums: Vec<u64>,
    counts: Vec<u32>,
}

impl StoreDigest {
    pub fn new(buckets: Buckets) -> Self {
        let number = buckets.0 as usize;
        Self { buckets, sums: vec![0; number], counts: vec![0; number] }
    }

    pub fn add(&mut self, product: &str, version: i64) {
        let bucket = self.buckets.of(product) as usize;
        self.sums[bucket] = self.sums[bucket].wrapping_add(element(product, version));
        self.counts[bucket] += 1;
    }

    /// Returns sixteen lower-case hexadecimal digits for each bucket.
    pub fn hashes(&self) -> Vec<String> {
        self.sums.iter().map(|sum| format!("{sum:016x}")).collect()
    }

    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    pub fn levels(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Product, version, bucket of 2, bucket of 8192, element: the vectors that clients are tested with.
    const VECTORS: [(&str, i64, u32, u32, u64); 3] = [
        ("prd_01hzx3k5t7a9c1e3g5j7m9p1r3", 7, 1, 7085, 0x2b70_996e_e768_33aa),
        ("prd_01hzx3k5t7a9c1e3g5j7m9p1r4", 12, 1, 4832, 0xa627_bf37_08c0_3538),
        ("prd_01hzx3k5t7a9c1e3g5j7m9p1r5", 1, 0, 2741, 0x45dd_0e84_ac7d_0fba),
    ];

    fn digest(buckets: u32, levels: &[(&str, i64)]) -> StoreDigest {
        let mut digest = StoreDigest::new(Buckets::new(buckets).unwrap());
        levels.iter().for_each(|(product, version)| digest.add(product, *version));
        digest
    }

    #[test]
    fn the_vectors_of_the_clients_hold() {
        for (product, version, of_two, of_many, expected) in VECTORS {
            assert_eq!(Buckets::new(2).unwrap().of(product), of_two);
            assert_eq!(Buckets::new(8_192).unwrap().of(product), of_many);
            assert_eq!(element(product, version), expected);
        }
        let mut levels: Vec<_> = VECTORS.iter().map(|(product, version, ..)| (*product, *version)).collect();
        let two = digest(2, &levels);
        assert_eq!(two.hashes(), ["45dd0e84ac7d0fba", "d19858a5f02868e2"]);
        assert_eq!((two.counts(), two.levels()), (&[1, 2][..], 3));
        assert_eq!(digest(1, &levels).hashes(), ["1775672a9ca5789c"]);
        levels[1].1 = 13;
        levels.reverse();
        assert_eq!(digest(2, &levels).hashes(), ["45dd0e84ac7d0fba", "b158e9181bff826f"]);
        assert_eq!(digest(2, &[]).hashes(), ["0000000000000000"; 2]);
    }

    #[test]
    fn buckets_are_a_power_of_two() {
        for (number, good) in [(0, false), (1, true), (3, false), (8_192, true), (16_384, true), (32_768, false)] {
            assert_eq!(Buckets::new(number).is_some(), good, "{number}");
        }
    }
}
