"""Names of other editions of the book that the face does not have, and what to say of each.

Loaded when such a name is asked for, not before.
"""

# Of the 2026 edition: subject → names.
LEFT_OUT = {
    "recommender systems": (
        "BPRLoss", "CTRDataset", "HingeLossbRec", "evaluate_ranking", "hit_and_auc",
        "load_data_ml100k", "read_data_ml100k", "split_and_load_ml100k", "split_data_ml100k",
        "train_ranking", "train_recsys_rating",
    ),
    "reinforcement learning": (
        "ActorCritic", "Batch", "GaussianHead", "GaussianPolicy", "ReplayBuffer", "TabularMDP",
        "epsilon_greedy", "fit_value", "linear_schedule", "normalize", "offline_q",
        "policy_evaluation", "policy_step", "ppo_epochs", "rollout", "show_grid", "value_iteration",
    ),
    "state-space models": (
        "Mamba", "MambaBlock", "S4D", "S4DBlock", "SelectiveSSM", "associative_scan",
    ),
    "generative adversarial networks": ("r1_r2_penalty", "rpgan_loss_D", "rpgan_loss_G"),
    "attention": ("TinyCharLM",),
}  # fmt: skip

# Of any edition: name → what it is today.
TODAY = {
    "MLPAttention": "d2l.AdditiveAttention",
    "WIKITEXT_2_SHA1": "d2l.DATA_HUB['wikitext-2'][1]",
    "WIKITEXT_2_URL": "d2l.DATA_HUB['wikitext-2'][0]",
    "data_iter_consecutive": "d2l.seq_data_iter_sequential",
    "data_iter_random": "d2l.seq_data_iter_random",
    "predict_rnn": "d2l.predict_ch8",
    "predict_s2s_ch9": "d2l.predict_seq2seq",
    "regex": "the package regex: `pip install regex`, then `import regex`",
    "show_fashion_mnist": "d2l.show_images",
    "train_and_predict_rnn": "d2l.train_ch8",
    "train_ch5": "d2l.train_ch6",
    "train_s2s_ch9": "d2l.train_seq2seq",
}


def explain(name: str) -> str | None:
    """What to say of a name that some edition has and the face has not; None for any other name."""
    if name in TODAY:
        return f"d2l has no {name!r}: in another edition it is what is now {TODAY[name]}"
    for subject, names in LEFT_OUT.items():
        if name in names:
            return (
                f"d2l has no {name!r}: it belongs to the 2026 edition ({subject}), which this "
                "library does not have"
            )
    return None
