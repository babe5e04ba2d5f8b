"""What boundaries are called in tables, and where one is that is not in the map."""

LOWER, UPPER, ONSET = "useful_lower", "useful_upper", "forgetting_onset"
BELOW, ABOVE, NOWHERE = "below the map", "above the map", "nowhere in the map"
