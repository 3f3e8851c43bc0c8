"""What lesson 4_1_exercise_three_class_code must show, in its namespace."""

assert abs(entropy - 1.584962500721156) < 1e-12
assert [block_bits(k) for k in (1, 2, 3, 4, 5, 10, 17)] == [2, 4, 5, 7, 8, 16, 27]
for k in range(1, 200):
    assert 2 ** (block_bits(k) - 1) < 3**k <= 2 ** block_bits(k)
    assert entropy <= block_bits(k) / k < entropy + 1 / k
assert len(code) == 3000 * 8 // 5
assert set(code) == {"0", "1"}
for k in (1, 2, 3, 5):
    assert decode(encode(message, k), k) == message

assert abs(huffman[1] - 5 / 3) < 1e-12
assert abs(huffman[2] - 29 / 18) < 1e-12
for k, bits in huffman.items():
    # Words of a best code for 3**k equal chances have just two lengths, b - 1 and b.
    b, short_words = block_bits(k), 2 ** block_bits(k) - 3**k
    assert abs(bits - (b * 3**k - short_words) / 3**k / k) < 1e-12
    assert entropy < bits <= b / k
assert abs(cross_entropy_bits - 5 / 3) < 1e-6
print("Exercise 4.1: every code can be read back, stays above log2(3), and comes down to it.")
