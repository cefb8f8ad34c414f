"""Money: wallets, their ledger, rates, and what calls came to."""
