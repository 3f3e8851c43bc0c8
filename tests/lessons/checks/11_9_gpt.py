"""Assert what lesson 11.9 shows: the tokenizer, causality, generation, perplexity."""

from torch import nn

# The tokenizer loses nothing, and says what it has never read.
for text in (tale(rng), "Lightning, said Zoë.", "\0 灯"):
    assert tokenizer.decode(tokenizer.encode(text)) == text

# Nobody looks ahead: another last token changes no earlier row.
ids = torch.tensor(unseen[0])
changed = ids.clone()
changed[-1] = ids[0] + 1
with torch.no_grad():
    rows, other = model(ids.unsqueeze(0))[0], model(changed.unsqueeze(0))[0]
assert torch.allclose(rows[:-1], other[:-1], atol=1e-4)
assert not torch.allclose(rows[-1], other[-1], atol=1e-2)

# Token by token with kept keys and values, or the whole text again at each step: the same text.
kept = model.generate(prefix, 30, temperature=0)
assert kept == d2l.generate(step, prefix, 30)

# The promise: below 1.8 on tales it has not read, where pairs of tokens need more than 3.
again = nn.functional.cross_entropy(rows[:-1], ids[1:]).exp().item()  # of one tale, a second way
assert abs(again / of_gpt - 1) < 0.25
assert best_possible < of_gpt < 1.8 < 3 < of_pairs
print(
    f"11.9 holds: perplexity {of_gpt:.3f} on unseen tales (promised: below 1.8; pairs "
    f"{of_pairs:.2f}, best possible {best_possible:.3f}), {share:.0%} consistent"
)
