//! One product in one store, step by step: the possible actions, and the best one. Lines of `name:
//! numbers`.

use std::fmt::Write;

use entity::prelude::*;

use super::{
    action::{Basis, Candidate},
    criteria::{Criteria, SupplierTerms},
    level::{Level, Partner, PartnerLevel, Product},
    propose::propose,
    response::Response,
};

/// Reasons to refuse an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    #[error("line {0} is not `name: numbers` with a known name")]
    Line(usize),
    #[error("line {0} has an invalid number, or one out of its range")]
    Number(usize),
    #[error("the example lacks {0}")]
    Lacks(&'static str),
}

/// An example, in whole units and in amounts of a currency with two decimals.
#[derive(Default)]
struct Example {
    quantity: Option<f64>,
    cost: Option<f64>,
    price: Option<f64>,
    weekly: Option<f64>,
    weeks: Option<f64>,
    steps: Vec<f64>,
    /// Percent of the cost that the supplier credits, and freight.
    credit: Option<f64>,
    freight: Option<f64>,
    /// Price of the partner product of a bundle, its units in the store, and its weekly sales.
    partner: Vec<f64>,
}

fn parse_example(text: &str) -> Result<Example, ExplainError> {
    let mut example = Example::default();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty() && !text.starts_with('#')) {
        let (name, rest) = text.split_once(':').ok_or(ExplainError::Line(line))?;
        let mut numbers = Vec::new();
        for word in rest.split_whitespace() {
            let number: f64 = word.parse().map_err(|_| ExplainError::Number(line))?;
            if !(0.0..=1e9).contains(&number) {
                return Err(ExplainError::Number(line));
            }
            numbers.push(number);
        }
        let first = numbers.first().copied();
        match name.trim() {
            "quantity" => example.quantity = first,
            "cost" => example.cost = first,
            "price" => example.price = first,
            "weekly" => example.weekly = first,
            "weeks" => example.weeks = first,
            "credit" => example.credit = first,
            "freight" => example.freight = first,
            "steps" => example.steps = numbers,
            "partner" => example.partner = numbers,
            _ => return Err(ExplainError::Line(line)),
        }
    }
    Ok(example)
}

fn minor(amount: f64) -> i64 {
    (amount * 100.0).round() as i64
}

fn amount(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.unsigned_abs() / 100, minor.unsigned_abs() % 100)
}

/// The steps of an example, one per line.
///
/// # Errors
/// The first invalid line, or a missing value.
pub fn explain(text: &str) -> Result<String, ExplainError> {
    let example = parse_example(text)?;
    let quantity = example.quantity.filter(|units| *units >= 1.0).ok_or(ExplainError::Lacks("quantity"))?.floor();
    let cost = example.cost.ok_or(ExplainError::Lacks("cost"))?;
    let price = example.price.ok_or(ExplainError::Lacks("price"))?;
    let weekly = example.weekly.ok_or(ExplainError::Lacks("weekly"))?;
    let weeks = example.weeks.unwrap_or(26.0).min(26.0) as i32;
    let criteria = criteria(&example);
    let level = Level {
        store: StoreId::NIL,
        is_asked: true,
        is_target: true,
        free: quantity as i64,
        coming: 0,
        first_day: Some(-2 * criteria.days_without_sale),
        last_sale: None,
        sold: 0,
        weekly: Some(weekly),
        expires: (weeks < 26).then_some(7 * weeks - 1),
    };
    let product = Product {
        id: ProductId::NIL,
        decimals: 0,
        price: Some(minor(price)),
        cost: Some(cost * 100.0),
        supplier: Some(SupplierId::NIL),
        response: Response::NotShown,
        is_cut: false,
        is_bundled: false,
        partner: partner(&example),
        levels: vec![level],
    };
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{quantity} units that cost {} each, priced at {}; {weekly} sold a week; {weeks} weeks left",
        amount(minor(cost)),
        amount(minor(price))
    );
    let Some(proposal) = propose(&criteria, 0, &product).pop() else {
        out.push_str("It is neither dead nor slow.\n");
        return Ok(out);
    };
    let basis = Basis { criteria: &criteria, today: 0, product: &product, level: &product.levels[0] };
    for candidate in &proposal.candidates {
        write_candidate(&mut out, &basis, candidate, weeks);
    }
    match proposal.best_candidate() {
        Some(chosen) => {
            let _ = writeln!(out, "best by its lower bound: {}", chosen.act.word().as_str());
        }
        None => out.push_str("No action is possible.\n"),
    }
    Ok(out)
}

fn criteria(example: &Example) -> Criteria {
    let terms = example.credit.map(|percent| SupplierTerms {
        supplier: SupplierId::NIL,
        credit_percent: percent as i32,
        freight_minor: minor(example.freight.unwrap_or_default()),
        cancel_days: None,
    });
    let usual = Criteria::default();
    let steps: Vec<i32> = example.steps.iter().map(|percent| *percent as i32).collect();
    Criteria {
        markdown_percents: if steps.is_empty() { usual.markdown_percents } else { steps },
        supplier_terms: terms.into_iter().collect(),
        ..usual
    }
}

fn partner(example: &Example) -> Option<Partner> {
    let [price, free, weekly] = example.partner[..] else { return None };
    let levels = vec![PartnerLevel { store: StoreId::NIL, free, weekly }];
    Some(Partner { product: ProductId::NIL, decimals: 0, price: minor(price), lift: None, levels })
}

fn write_candidate(out: &mut String, basis: &Basis<'_>, candidate: &Candidate, weeks: i32) {
    let (recovery, (min_left, max_left)) = (candidate.recovery, candidate.left);
    let _ = writeln!(
        out,
        "{}: {} to {}, likely {}; {min_left:.1} to {max_left:.1} units left",
        candidate.act.word().as_str(),
        amount(recovery.low),
        amount(recovery.high),
        amount(recovery.likely)
    );
    if let Some(bundle) = candidate.act.bundle() {
        let _ = writeln!(
            out,
            "  {} together, of which it contributes {}",
            amount(bundle.price_minor),
            amount(bundle.product_share_minor())
        );
    }
    let steps = candidate.act.steps();
    if steps.is_empty() {
        return;
    }
    let prices: Vec<String> =
        steps.iter().map(|step| format!("{} from day {}", amount(step.price_minor), step.from_date)).collect();
    let _ = writeln!(out, "  {}", prices.join(", "));
    for elasticity in basis.product.response.elasticities() {
        let (brings, unsold) = basis.project_revenue(steps, weeks, elasticity);
        let sold = basis.level.free as f64 - unsold;
        let _ = writeln!(out, "  elasticity {elasticity}: {sold:.2} sold, {}", amount(brings.round() as i64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "quantity: 80\ncost: 3.00\nprice: 9.00\nweekly: 0.5\nweeks: 18\nsteps: 20 40 60\n";

    #[test]
    fn the_worked_example() {
        let expected = "\
80 units that cost 3.00 each, priced at 9.00; 0.5 sold a week; 18 weeks left
KEEP: 26.30 to 96.50, likely 61.40; 67.2 to 74.8 units left
RETURN: 184.00 to 184.00, likely 184.00; 0.0 to 0.0 units left
MARKDOWN: 81.00 to 285.94, likely 146.25; 13.4 to 63.8 units left
  7.20 from day 0, 5.40 from day 42, 3.60 from day 84
  elasticity 1: 16.25 sold, 81.00
  elasticity 2: 31.77 sold, 146.25
  elasticity 3: 66.62 sold, 285.94
best by its lower bound: RETURN
";
        assert_eq!(explain(&format!("{EXAMPLE}credit: 85\nfreight: 20.00\n")).unwrap(), expected);
    }

    #[test]
    fn a_partner_makes_a_bundle_possible() {
        let found = explain(&format!("# a saucer\n{EXAMPLE}partner: 5.00 40 3\n")).unwrap();
        let bundle =
            "BUNDLE: 72.90 to 145.80, likely 109.35; 62.0 to 71.0 units left\n  13.10 together, of which it contributes 8.10\n";
        assert!(found.contains(bundle) && found.ends_with("best by its lower bound: MARKDOWN\n"), "{found}");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(explain("quantity 80"), Err(ExplainError::Line(1)));
        assert_eq!(explain("\nweight: 1"), Err(ExplainError::Line(2)));
        assert_eq!(explain("quantity: x"), Err(ExplainError::Number(1)));
        assert_eq!(explain("quantity: -1"), Err(ExplainError::Number(1)));
        assert_eq!(explain("cost: 1"), Err(ExplainError::Lacks("quantity")));
        assert_eq!(explain("quantity: 1\ncost: 1\nprice: 2"), Err(ExplainError::Lacks("weekly")));
    }
}
