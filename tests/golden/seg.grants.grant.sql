/* The permissions of the roles, granted again on every deployment. */
GRANT EXECUTE ANY EXTERNAL SCRIPT TO seg_operator;
GRANT SELECT ON SCHEMA::seg TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.build_features TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.choose_k TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.train TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.assign TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.profile TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.refresh TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.activate TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.models TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.contacts TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.check_environment TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.help TO seg_operator;
GRANT EXECUTE ON OBJECT::dbo.py_generate_customer_return_clusters TO seg_operator;

GRANT SELECT ON OBJECT::seg.customer_feature TO seg_reader;
GRANT SELECT ON OBJECT::seg.model TO seg_reader;
GRANT SELECT ON OBJECT::seg.customer_cluster TO seg_reader;
GRANT SELECT ON OBJECT::seg.cluster_profile TO seg_reader;
GRANT SELECT ON OBJECT::seg.k_evaluation TO seg_reader;
GRANT SELECT ON OBJECT::seg.centroid TO seg_reader;
GRANT SELECT ON OBJECT::seg.classify TO seg_reader;
GRANT EXECUTE ON OBJECT::seg.models TO seg_reader;
GRANT EXECUTE ON OBJECT::seg.help TO seg_reader;
