"""What lesson 2_2_data_preprocessing must show, in its namespace."""

assert list(data.columns) == ["NumRooms", "RoofType", "Price"]
assert data["NumRooms"].isna().tolist() == [True, False, False, True]
assert data["NumRooms"].dropna().tolist() == [2.0, 4.0]
assert data["RoofType"].isna().tolist() == [True, True, False, True]
assert data["RoofType"].iloc[2] == "Slate"
assert data["Price"].tolist() == [127500, 106000, 178100, 140000]
assert len(complete) == 1
assert complete["Price"].item() == 178100

assert list(inputs.columns) == ["NumRooms", "RoofType_Slate", "RoofType_nan"]
assert inputs["NumRooms"].tolist() == [3.0, 2.0, 4.0, 3.0]
assert inputs["RoofType_Slate"].tolist() == [False, False, True, False]
assert inputs["RoofType_nan"].tolist() == [True, True, False, True]
assert mean_before == inputs["NumRooms"].mean() == 3.0
assert abs(spread_before - 2**0.5) < 1e-12
assert abs(spread_after - (2 / 3) ** 0.5) < 1e-12
assert mistyped.mean() == 201.0

assert X.dtype == y.dtype == torch.float64
assert X_float32.dtype == torch.float32
assert X.tolist() == [[3, 0, 1], [2, 0, 1], [4, 1, 0], [3, 0, 1]]
assert y.tolist() == [127500, 106000, 178100, 140000]
print("2.2: the table was read, coded and filled as promised, and became tensors.")
