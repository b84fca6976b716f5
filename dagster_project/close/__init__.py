"""The accounting close: what people and runs record about breaks, apart from the books themselves."""
