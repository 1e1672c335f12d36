"""`make mutants`: small changes to the product, one at a time, each for a quick test to see."""
