"""How both APIs are called: requests side by side, each within its time and its size."""
