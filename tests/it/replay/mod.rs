mod totals;
