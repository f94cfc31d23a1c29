/// Sparse vectors one after the other.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    ends: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl Matrix {
    pub fn push(&mut self, vector: &[(u32, f32)]) {
        self.entries.extend_from_slice(vector);
        self.ends.push(self.entries.len());
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The entries of all vectors.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    pub fn vector(&self, index: usize) -> &[(u32, f32)] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.entries.get(start..*end)).unwrap_or_default()
    }
}
