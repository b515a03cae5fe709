/*
The permissions of the roles, on every deployment: those below and no others. What is left over
from an earlier version is taken back first. Permissions on your own tables, and denials of others,
are left alone. docs/permissions.md lists and explains them.
*/
DECLARE @revoke nvarchar(max);

SELECT @revoke = STRING_AGG(
    CAST(CONCAT(
        N'REVOKE ', p.permission_name COLLATE database_default,
        CASE p.class
            WHEN 1 THEN CONCAT(N' ON OBJECT::', QUOTENAME(s.name), N'.', QUOTENAME(o.name))
            WHEN 3 THEN N' ON SCHEMA::seg'
        END,
        N' FROM ', QUOTENAME(r.name), IIF(p.state = 'W', N' CASCADE;', N';')
    ) AS nvarchar(max)),
    N' '
)
FROM sys.database_permissions AS p
INNER JOIN sys.database_principals AS r
    ON r.principal_id = p.grantee_principal_id
LEFT JOIN sys.objects AS o
    ON p.class = 1 AND o.object_id = p.major_id
LEFT JOIN sys.schemas AS s
    ON s.schema_id = o.schema_id
WHERE r.name IN (N'seg_operator', N'seg_reader')
    AND p.state IN ('G', 'W')
    AND p.minor_id = 0
    AND (
        p.class = 0
        OR (p.class = 1 AND s.name = N'seg')
        OR (p.class = 3 AND p.major_id = SCHEMA_ID(N'seg'))
        OR (p.class = 1 AND o.object_id = OBJECT_ID(N'dbo.py_generate_customer_return_clusters'))
    );

IF @revoke IS NOT NULL
    EXEC sys.sp_executesql @revoke;

GRANT EXECUTE ANY EXTERNAL SCRIPT TO seg_operator;
GRANT SELECT ON SCHEMA::seg TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.build_features TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.choose_k TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.train TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.assign TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.profile TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.activate TO seg_operator;
GRANT EXECUTE ON OBJECT::seg.refresh TO seg_operator;
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
