"""The participants' image: what goes into it (`context`), building it (`engine`), bringing it to nodes (`place`)."""
