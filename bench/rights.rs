//! Prints the cost of a permission check in nanoseconds, the best of many runs. `bench/rights.sh`
//! calls it.

mod checks;

fn main() {
    let Some([everywhere, some, denied, store]) = checks::checks((25, 200_000)) else { return };
    println!(
        "a permit: {everywhere:.0} ns for all stores, {some:.0} ns for 500 stores, {denied:.0} ns denied; which store: {store:.0} ns (owed 100)"
    );
}
