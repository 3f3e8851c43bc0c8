# %%
# as in the reference: 1. A table

# %%
import os
import sys

seen = []
for folder in (facts["class"], facts["out"], "/tmp", "/var/tmp", "/dev/shm"):
    for place, folders, names in os.walk(folder):
        if place in (sys.prefix, sys.base_prefix):  # Python's own, if it lies here, is no secret
            folders.clear()
        for name in names:
            path = os.path.join(place, name)
            try:
                with open(path, "rb") as file:
                    seen.append((path, file.read(2000)))
            except OSError:
                pass
stolen = [text for path, text in seen if b"secret of a diligent student" in text]
print(len(stolen), "secrets", stolen)

# %%
try:
    os.remove(facts["treasure"])
except OSError:
    pass
