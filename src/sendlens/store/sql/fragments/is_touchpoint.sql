-- Which events are contacts that can earn a conversion: clicks on content and opens that no machine made, touches elsewhere.
(type = 'touched' OR (type = 'clicked' AND link_kind = '' AND actor != 'machine') OR (type = 'opened' AND actor = 'human'))
