# %%
# as in the reference: 1. A table

# %%
kernel = get_ipython().kernel
parent = kernel.get_parent()
for _ in range(3):
    kernel.session.send(
        kernel.iopub_socket,
        "execute_result",
        {
            "execution_count": -5,
            "data": {"text/plain": "array([[0.09003057, 0.24472847, 0.66524096]])", "x": {"y": []}},
            "metadata": [],
        },
        parent=parent,
    )
kernel.session.send(kernel.iopub_socket, "error", {"ename": 1, "traceback": "none"}, parent=parent)
kernel.session.send(
    kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent, ident=b"status"
)
raise ValueError("not done")
