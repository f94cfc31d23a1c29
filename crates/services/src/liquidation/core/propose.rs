//! Selection of the levels of a product that are listed, and of the best action for each.

use std::collections::BTreeMap;

use entity::prelude::*;
use platform::plurals::pluralize;

use super::{
    action::{Basis, Candidate, LineAction},
    criteria::{Criteria, PriceFloor},
    level::{Level, Product},
    reason::{Reason, ReasonCode},
    response::{Response, ResponseSource},
};

/// Dead or slow stock of a product in a store. Units are the product's smallest, amounts minor units of the tenant's currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub product: ProductId,
    pub store: StoreId,
    pub free: i64,
    /// Cost of the free units. None if no cost is known.
    pub value: Option<i64>,
    /// Expected weekly sales at its price.
    pub weekly: f64,
    pub days_without_sale: Option<i32>,
    pub days_of_supply: Option<f64>,
    pub expires: Option<i32>,
    pub decimals: u8,
    /// Price of a whole unit; the cost is that of a whole unit, too.
    pub price: Option<i64>,
    pub cost: Option<f64>,
    pub response: Response,
    pub price_floor: PriceFloor,
    pub reasons: Vec<Reason>,
    pub candidates: Vec<Candidate>,
    /// Index of the best candidate. None if no candidate can be valued.
    pub best: Option<usize>,
}

impl Proposal {
    pub fn best_candidate(&self) -> Option<&Candidate> {
        self.candidates.get(self.best?)
    }
    /// Returns the value of the free units at the product's price, in minor units. None if it has
    /// no price.
    pub fn value_at_price(&self) -> Option<i64> {
        let value = i128::from(self.free) * i128::from(self.price?) / 10_i128.pow(self.decimals.into());
        Some(i64::try_from(value).unwrap_or(i64::MAX))
    }
    fn candidate_index(&self, word: LiquidationAction) -> Option<usize> {
        self.candidates.iter().position(|candidate| candidate.act.word() == word)
    }
    fn lower_bound_of(&self, word: LiquidationAction) -> i64 {
        self.candidate_index(word).map_or(0, |index| self.candidates[index].recovery.low)
    }
}

/// Returns the proposals for a product: the store with the most units first, so that the same
/// demand of another store is not served twice.
pub fn propose(criteria: &Criteria, today: i32, product: &Product) -> Vec<Proposal> {
    let reasons_of = |level: &Level| level.listing_reasons(criteria, today, (product.decimals, product.cost_of(level.free)));
    let mut listed_levels: Vec<(&Level, Vec<Reason>)> = product
        .levels
        .iter()
        .filter(|level| level.is_asked)
        .map(|level| (level, reasons_of(level)))
        .filter(|(_, reasons)| !reasons.is_empty())
        .collect();
    listed_levels.sort_by_key(|(level, _)| (std::cmp::Reverse(level.free), level.store));
    let is_listed = |store: StoreId| listed_levels.iter().any(|(level, _)| level.store == store);
    let sells_elsewhere = product.levels.iter().any(|level| level.has_sales() && !is_listed(level.store));
    // A product has one price: its steps end at the earliest horizon of its stores.
    let weeks = listed_levels.iter().map(|(level, _)| level.weeks(today)).filter(|weeks| *weeks > 0).min().unwrap_or_default();
    let mut planned_units: BTreeMap<StoreId, i64> = BTreeMap::new();
    let mut proposals = Vec::with_capacity(listed_levels.len());
    for (level, reasons) in &listed_levels {
        let basis = Basis { criteria, today, product, level };
        let mut candidates: Vec<Candidate> =
            [basis.keep(), basis.write_off(), basis.return_to_supplier()].into_iter().flatten().collect();
        candidates.extend(best_target(&basis, &planned_units));
        if !product.is_cut && !product.is_bundled {
            candidates.extend(basis.bundle());
        }
        if !sells_elsewhere && !product.is_cut && level.weeks(today) > 0 {
            candidates.extend(basis.markdown(weeks));
        }
        let best = best_of(&candidates);
        if let Some(Candidate { act: LineAction::Transfer { to }, quantity, .. }) = best.map(|index| &candidates[index]) {
            *planned_units.entry(*to).or_default() += quantity;
        }
        proposals.push(Proposal {
            product: product.id,
            store: level.store,
            free: level.free,
            value: product.cost_of(level.free),
            weekly: level.rate(today, product.scale()),
            days_without_sale: level.days_without_sale(today),
            days_of_supply: level.days_of_supply(),
            expires: level.expires,
            decimals: product.decimals,
            price: product.price,
            cost: product.cost,
            response: product.response,
            price_floor: criteria.price_floor(),
            reasons: reasons.clone(),
            candidates,
            best,
        });
    }
    let is_barred = decide_markdown(&mut proposals, &listed_levels) || sells_elsewhere;
    for (proposal, (level, _)) in proposals.iter_mut().zip(&listed_levels) {
        let notes = assumptions(product, level, is_barred, proposal);
        proposal.reasons.extend(notes);
    }
    proposals
}

/// The target store with the highest expected recovery of a transfer.
fn best_target(basis: &Basis<'_>, planned_units: &BTreeMap<StoreId, i64>) -> Option<Candidate> {
    let on_the_way = |store: StoreId| planned_units.get(&store).copied().unwrap_or_default();
    let targets = basis.product.levels.iter().filter_map(|target| basis.transfer(target, on_the_way(target.store)));
    // The first store wins a tie.
    targets.reduce(|best, next| if next.recovery.low > best.recovery.low { next } else { best })
}

/// The best lower bound; of equal ones the simpler action.
fn best_of(candidates: &[Candidate]) -> Option<usize> {
    let places = 0..candidates.len();
    places.reduce(|best, next| if candidates[next].recovery.low > candidates[best].recovery.low { next } else { best })
}

/// Decides on a markdown for all stores at once, because a product has one price: it is proposed
/// only if the stores that sell lose nothing by it, and then in all stores that would have kept
/// their stock, or bundled it. Returns whether it was removed from the proposals.
fn decide_markdown(proposals: &mut [Proposal], listed_levels: &[(&Level, Vec<Reason>)]) -> bool {
    let (mut markdown_sum, mut keep_sum) = (0_i64, 0_i64);
    for (proposal, _) in proposals.iter().zip(listed_levels).filter(|(_, (level, _))| level.has_sales()) {
        markdown_sum = markdown_sum.saturating_add(proposal.lower_bound_of(LiquidationAction::Markdown));
        keep_sum = keep_sum.saturating_add(proposal.lower_bound_of(LiquidationAction::Keep));
    }
    let has_chosen =
        |proposal: &Proposal, word: LiquidationAction| proposal.best_candidate().is_some_and(|chosen| chosen.act.word() == word);
    if markdown_sum < keep_sum {
        for proposal in proposals.iter_mut() {
            proposal.candidates.retain(|candidate| candidate.act.word() != LiquidationAction::Markdown);
            proposal.best = best_of(&proposal.candidates);
        }
        return true;
    }
    if !proposals.iter().any(|proposal| has_chosen(proposal, LiquidationAction::Markdown)) {
        return false;
    }
    // A bundle at the price of before would cost more than its parts do then.
    let gives_way = |proposal: &&mut Proposal| {
        has_chosen(proposal, LiquidationAction::Keep) || has_chosen(proposal, LiquidationAction::Bundle)
    };
    for proposal in proposals.iter_mut().filter(gives_way) {
        proposal.best = proposal.candidate_index(LiquidationAction::Markdown).or(proposal.best);
    }
    false
}

/// Returns the assumptions behind the figures, as texts.
fn assumptions(product: &Product, level: &Level, is_barred: bool, proposal: &Proposal) -> Vec<Reason> {
    let mut notes = Vec::new();
    let mut note = |code: ReasonCode, text: String| notes.push(Reason::new(code, text));
    if product.price.is_none() {
        note(ReasonCode::NoPrice, "it has no price in the company's currency: no sale can be valued".to_owned());
    }
    if product.cost.is_none() {
        note(ReasonCode::NoCost, "no cost is known".to_owned());
    }
    if !level.has_sales() {
        let text = "nothing was sold lately: half a unit in the weeks without sales is assumed as demand".to_owned();
        note(ReasonCode::NoDemandSeen, text);
    }
    let is_cut = proposal.candidate_index(LiquidationAction::Markdown).is_some();
    if product.is_cut {
        note(ReasonCode::UnderWay, "a plan that is under way cuts its price".to_owned());
    } else if is_barred {
        note(ReasonCode::SellsElsewhere, "other stores sell it at its price, which a markdown would cut there, too".to_owned());
    }
    if is_cut {
        match product.response {
            Response::Shown { low, likely, high, levels, weeks, source, changes, products } => {
                let sales = format!("a price lower by 1 % went with {likely:.2} % more sales ({low:.2} to {high:.2})");
                let text = match source {
                    ResponseSource::Category => {
                        let (changes, products) = (changes.unwrap_or_default(), products.unwrap_or_default());
                        format!(
                            "its own history shows too little: in {} of its category, with {} of price, {sales}",
                            pluralize(products, "product", "products"),
                            pluralize(changes, "change", "changes")
                        )
                    }
                    ResponseSource::Own | ResponseSource::None => format!("over {weeks} weeks at {levels} prices {sales}"),
                };
                note(ReasonCode::ResponseShown, text);
            }
            Response::NotShown => {
                let text = "neither its history nor its category's can show how sales answer a price: 1, 2 and 3 % more for a price lower by 1 % are assumed";
                note(ReasonCode::ResponseNotShown, text.to_owned());
            }
        }
    }
    if proposal.candidate_index(LiquidationAction::Bundle).is_some() {
        let reason = match product.partner.as_ref().and_then(|partner| partner.lift) {
            Some(lift) => format!("the other product of the bundle is in orders with it {lift:.1} times as often as by chance"),
            None => "the other product of the bundle is what its category sells most of".to_owned(),
        };
        let text = format!("{reason}; 1, 1.5 and 2 times the sales are assumed");
        note(ReasonCode::BundleAssumed, text);
    }
    if let Some(chosen) =
        proposal.best_candidate().filter(|chosen| chosen.left.0 >= 1.0 && chosen.act.word() != LiquidationAction::Keep)
    {
        let (min_left, max_left) = chosen.left;
        note(ReasonCode::UnitsRemain, format!("{min_left:.0} to {max_left:.0} units will be left"));
    }
    notes
}
