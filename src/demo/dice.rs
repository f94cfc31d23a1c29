//! Numbers from a seed. The same seed gives the same numbers on every machine and in every version of the libraries,
//! which is why this is neither a library's generator nor the clock room's randomness.

/// SplitMix64 (Steele, Lea and Flood 2014): one word of state, good enough for a shop.
#[derive(Debug, Clone)]
pub struct DemoRng(u64);

impl DemoRng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from 0 up to, not including, `end`; 0 for an `end` of 0.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next_number()) * u128::from(end)) >> 64) as u64
    }

    /// Evenly, both ends included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Like [`DemoRng::below`], but small numbers come much more often: the least of three.
    pub fn skewed_below(&mut self, end: u64) -> u64 {
        self.below(end).min(self.below(end)).min(self.below(end))
    }

    /// True with a probability of `chance` in a thousand.
    pub fn happens_permille(&mut self, chance: u64) -> bool {
        self.below(1_000) < chance
    }

    /// Picks one element; the list is never empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}
